"""A 4:2:0 picture in the encoder's own memory: drawn into, then encoded, never copied in between."""

import av
import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]
"""Y, U and V, BT.601 in limited range. Chroma planes are half as wide and high."""


class Picture:
    """y, u, v are writable views of `frame`. width and height even. One thread at a time."""

    __slots__ = ("frame", "planes", "u", "v", "y")

    def __init__(self, width: int, height: int) -> None:
        self.frame = av.VideoFrame(width, height, "yuv420p")
        self.y, self.u, self.v = (
            np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
            for plane in self.frame.planes
        )
        self.planes: Planes = (self.y, self.u, self.v)

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    def packed(self) -> Plane:
        """Y, U and V below each other in one array (a copy), as OpenCV's I420 conversions want them."""
        flat = np.concatenate([plane.reshape(-1) for plane in self.planes])
        return flat.reshape(self.height * 3 // 2, self.width)


def resized(plane: npt.NDArray[np.generic], size: tuple[int, int], interpolation: int = cv2.INTER_AREA) -> Plane:
    """Bytes in another size (width, height)."""
    return np.asarray(cv2.resize(np.asarray(plane, np.uint8), size, interpolation=interpolation), np.uint8)
