"""Paints masks on a decoded picture, in place on its Y, U and V planes: uniform grey, nothing below it survives.

The only maker of PaintedFrame. Any thread; one picture at a time.
"""

import av
import cv2
import numpy as np
import numpy.typing as npt

from vms.rules.masking import BlankFrame, Masked, NoMaskRequired, PaintPolygons
from vms.rules.ptz_geometry import Floats
from web.live.jpeg import encode_jpeg
from web.live.masked import PaintedFrame

GREY = 128
_FORMATS = ("yuv420p", "yuvj420p")
_SHIFT = 4
cv2.setNumThreads(1)

Plane = npt.NDArray[np.uint8]


def paint(
    frame: av.VideoFrame,
    decision: Masked | NoMaskRequired,
    pts_90k: int,
    taken_us: int,
    colourless: Plane | None = None,
) -> PaintedFrame:
    """The decoder may still predict from `frame`'s memory, so it is painted on a copy of its own.

    colourless: chroma samples (not 0) that lose their colour: see web.live.trail.
    """
    if isinstance(decision, BlankFrame):
        return PaintedFrame(blank(frame.width, frame.height, _planar_format(frame)), pts_90k, taken_us, decision)
    planar = frame if frame.format.name in _FORMATS else frame.reformat(format="yuv420p")
    if isinstance(decision, PaintPolygons):
        if decision.polygons or colourless is not None:
            planar.make_writable()
        if colourless is not None:
            for index in (1, 2):
                np.copyto(_plane(planar, index), np.uint8(GREY), where=colourless > 0)
        if decision.polygons:
            _fill(planar, decision.polygons)
    return PaintedFrame(planar, pts_90k, taken_us, decision)


def luma(frame: av.VideoFrame) -> Plane:
    """Its brightness, unpainted: for the witness's eyes only."""
    return _plane(frame if frame.format.name in _FORMATS else frame.reformat(format="gray"), 0)


def luma_plane(frame: av.VideoFrame) -> Plane:
    """The brightness of a painted picture that is its own, to write on."""
    return _plane(frame, 0)


def blank(width: int, height: int, pixel_format: str = "yuv420p") -> av.VideoFrame:
    """A uniform grey picture."""
    frame = av.VideoFrame(width, height, pixel_format)
    for index in range(3):
        _plane(frame, index)[:] = GREY
    return frame


def scaled(painted: PaintedFrame, max_width: int, max_height: int) -> PaintedFrame:
    """Shrunk to fit, with even sides; after painting, so nothing under a mask can bleed out of it."""
    frame = painted.frame
    ratio = min(1.0, max_width / frame.width, max_height / frame.height)
    if ratio == 1.0:
        return painted
    width, height = (max(2, int(side * ratio) // 2 * 2) for side in (frame.width, frame.height))
    smaller = frame.reformat(width=width, height=height, interpolation="FAST_BILINEAR")
    return PaintedFrame(smaller, painted.pts_90k, painted.taken_us, painted.decision)


def jpeg(painted: PaintedFrame, quality: int = 85) -> bytes:
    return encode_jpeg(np.asarray(painted.frame.to_ndarray(format="bgr24"), np.uint8), quality)


def _fill(frame: av.VideoFrame, polygons: tuple[Floats, ...]) -> None:
    points = np.concatenate(polygons)
    ends = np.cumsum([len(polygon) for polygon in polygons])[:-1]
    # cv2 counts from pixel centres, the rules from the picture's corner.
    luma = np.split(_fixed(points - 0.5), ends)
    chroma = np.split(_fixed(points / 2 - 0.5), ends)
    for index, outlines in enumerate((luma, chroma, chroma)):
        plane = _plane(frame, index)
        for outline in outlines:  # one by one: filled together, overlapping masks would cancel each other
            cv2.fillPoly(plane, [outline], GREY, cv2.LINE_8, _SHIFT)
        # A chroma sample belongs to four pixels: those on the edge go too.
        cv2.polylines(plane, outlines, True, GREY, 2, cv2.LINE_8, _SHIFT)


def _planar_format(frame: av.VideoFrame) -> str:
    return frame.format.name if frame.format.name in _FORMATS else "yuv420p"


def _fixed(points: Floats) -> npt.NDArray[np.int32]:
    return np.rint(np.clip(points, -32000, 32000) * (1 << _SHIFT)).astype(np.int32)


def _plane(frame: av.VideoFrame, index: int) -> Plane:
    """A writable view of the plane's visible part."""
    plane = frame.planes[index]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
