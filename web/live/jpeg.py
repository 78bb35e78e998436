"""A picture as JPEG bytes."""

import cv2
import numpy as np
import numpy.typing as npt


def encode_jpeg(bgr: npt.NDArray[np.uint8], quality: int) -> bytes:
    """quality: 0 to 100. Raises ValueError."""
    encoded, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise ValueError("the picture could not be written as JPEG")
    return buffer.tobytes()
