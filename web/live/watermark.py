"""A recipient's name in the picture, so that a copy that turns up tells whom it was given to."""

import unicodedata
from collections.abc import Iterator

import cv2
import numpy as np

from web.live.masked import PaintedFrame
from web.live.painter import Plane, luma_plane

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ROWS = (0.3, 0.65, 0.97)
"""Height of the lines in the picture; the last one stands below what mostly matters."""
MAX_CHARS = 120


def watermarked(pictures: Iterator[PaintedFrame], text: str) -> Iterator[PaintedFrame]:
    """text: empty = none. Drawn after the masks, half transparent, on the brightness only."""
    shown = _drawable(text)
    if not shown:
        yield from pictures
        return
    overlay = np.zeros((0, 0), np.uint8)
    for painted in pictures:
        frame = painted.frame
        if overlay.shape != (frame.height, frame.width):
            overlay = _overlay(shown, frame.width, frame.height)
        frame.make_writable()
        plane = luma_plane(frame)
        ink = overlay > 0
        plane[ink] = (plane[ink] // 2) + (overlay[ink] // 2)
        yield painted


def _drawable(text: str) -> str:
    """The letters that OpenCV has: accents go, what is left of the rest becomes a question mark."""
    plain = unicodedata.normalize("NFKD", text[:MAX_CHARS]).encode("ascii", "ignore").decode()
    return "".join(letter if " " <= letter <= "~" else "?" for letter in plain).strip()


def _overlay(text: str, width: int, height: int) -> Plane:
    """0 = leave the picture; else how bright the ink is. Light letters with a dark edge show on anything."""
    overlay = np.zeros((height, width), np.uint8)
    scale = max(0.35, height / 1080)
    thick = max(1, round(scale * 2))
    (text_width, _), _ = cv2.getTextSize(text, _FONT, scale, thick)
    step = text_width + round(80 * scale)
    for number, row in enumerate(_ROWS):
        for left in range(-(number * step // 3), width, max(1, step)):
            at = (left, round(height * row))
            cv2.putText(overlay, text, at, _FONT, scale, 1, thick + 2, cv2.LINE_8)
            cv2.putText(overlay, text, at, _FONT, scale, 255, thick, cv2.LINE_8)
    return overlay
