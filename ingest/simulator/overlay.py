"""What a camera burns into its picture: name, frame number, UTC time; and a clock strip programs can read.

The strip is one row of 60 black or white blocks over the full width along the bottom edge, each as high as
wide (8 px at 480×270): white, black, 44 bits of UTC milliseconds, 8 bits of checksum, 6 bits of frame number,
most significant first. 44 bits last until 2527.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from vms.units import utc_from_us

Plane = npt.NDArray[np.uint8]

CELLS = 60
_TIME_BITS = 44
_CHECK_BITS = 8
_FRAME_BITS = 6
_BLACK = 22
_WHITE = 228
_MIN_CONTRAST = 48
_NEUTRAL = 128
_NAME_WEIGHT = 700
_CLOCK_WEIGHT = 500


@dataclass(frozen=True, slots=True)
class ClockReading:
    """utc_us: the burned-in clock, whole milliseconds. frame_number: its lowest 6 bits."""

    utc_us: int
    frame_number: int


def _checksum(milliseconds: int, frame: int) -> int:
    return zlib.crc32(milliseconds.to_bytes(6, "big") + bytes((frame,))) & 0xFF


def clock_bits(utc_us: int, frame_number: int) -> npt.NDArray[np.uint8]:
    """The strip's 60 cells from left to right, 1 = white."""
    milliseconds = (utc_us // 1000) & ((1 << _TIME_BITS) - 1)
    frame = frame_number & ((1 << _FRAME_BITS) - 1)
    value = (milliseconds << _CHECK_BITS | _checksum(milliseconds, frame)) << _FRAME_BITS | frame
    text = "10" + format(value, f"0{CELLS - 2}b")
    return np.frombuffer(text.encode(), np.uint8) - ord("0")


def strip_height(width: int) -> int:
    return -(-width // CELLS)


def clock_box(width: int, height: int) -> tuple[int, int, int, int]:
    """What the strip changes: left, top, right, bottom, in even pixels."""
    return 0, (height - strip_height(width)) // 2 * 2, width, height


def draw_clock(y: Plane, u: Plane, v: Plane, utc_us: int, frame_number: int) -> None:
    """Paint the strip into 4:2:0 planes in place."""
    height, width = y.shape
    rows = strip_height(width)
    cells = clock_bits(utc_us, frame_number)
    values = np.where(cells, _WHITE, _BLACK).astype(np.uint8)
    y[height - rows :] = values[_cell_of_column(width)]
    top = (height - rows) // 2
    u[top:] = _NEUTRAL
    v[top:] = _NEUTRAL


@lru_cache(maxsize=16)
def _cell_of_column(width: int) -> npt.NDArray[np.intp]:
    return np.arange(width) * CELLS // width


def read_clock(gray: npt.NDArray[np.uint8]) -> ClockReading | None:
    """Read the strip from a decoded picture of any size (the whole picture, not a crop); None if illegible."""
    height, width = gray.shape[:2]
    cell = width / CELLS
    if cell < 2 or height < 2 * cell:
        return None
    top, bottom = height - 0.7 * cell, height - 0.3 * cell
    line = gray[int(top) : max(int(top) + 1, round(bottom))].mean(axis=0)
    edges = np.arange(CELLS)[:, None] * cell + np.array((0.28, 0.72)) * cell
    sums = np.concatenate(((0.0,), np.cumsum(line)))
    first, last = edges[:, 0].astype(np.intp), np.ceil(edges[:, 1]).astype(np.intp)
    means = (sums[last] - sums[first]) / (last - first)
    if means[0] - means[1] < _MIN_CONTRAST:
        return None
    threshold = (means[0] + means[1]) / 2
    value = int("".join("1" if mean > threshold else "0" for mean in means[2:]), 2)
    frame = value & ((1 << _FRAME_BITS) - 1)
    check = value >> _FRAME_BITS & ((1 << _CHECK_BITS) - 1)
    milliseconds = value >> (_FRAME_BITS + _CHECK_BITS)
    if check != _checksum(milliseconds, frame):
        return None
    return ClockReading(milliseconds * 1000, frame)


def read_clock_us(gray: npt.NDArray[np.uint8]) -> int | None:
    """UTC microseconds that the strip shows, or None."""
    reading = read_clock(gray)
    return None if reading is None else reading.utc_us


class TextBlock:
    """Name, UTC time and frame number at the top left. One instance per picture size, one thread.

    Glyphs are drawn once and then copied: a line of text costs some microseconds per character.
    """

    def __init__(self, width: int, name: str) -> None:
        self._em_px = max(11, round(width / 46))
        self._pad_px = max(4, self._em_px // 3) // 2 * 2
        self._glyphs: dict[str, Plane] = {}
        self._name = draw_text(name[:60] or " ", self._em_px, _NAME_WEIGHT)
        self._right_px = width // 4 * 2
        self._second = ""
        self._clock = self._line(" ")
        self._unit = self._line(" UTC  #")
        lines_px: int = self._name.shape[0] + self._em_px // 4 + self._unit.shape[0]
        self._bottom_px = (self._pad_px + lines_px + self._pad_px // 2) // 2 * 2

    @property
    def box(self) -> tuple[int, int, int, int]:
        """What drawing may change: left, top, right, bottom, in even pixels."""
        return 0, 0, self._right_px, self._bottom_px

    def draw(self, y: Plane, u: Plane, v: Plane, utc_us: int, frame_number: int) -> None:
        at = utc_from_us(utc_us)
        second = f"{at:%Y-%m-%d %H:%M:%S}."
        if second != self._second:
            self._second, self._clock = second, self._line(second)
        tenth, number = str(at.microsecond // 100_000), self._line(str(frame_number))
        clock = np.concatenate((self._clock, self._glyph(tenth), self._unit, number), axis=1)
        pad = self._pad_px
        width = max(self._name.shape[1], clock.shape[1]) + 2 * pad
        bottom, right = min(self._bottom_px, y.shape[0] // 2 * 2), min(self._right_px, (pad + width) // 2 * 2)
        box = y[pad:bottom, pad:right]
        cv2.convertScaleAbs(box, box, 0.42, 14)
        for plane in (u, v):
            tint = plane[pad // 2 : bottom // 2, pad // 2 : right // 2]
            cv2.convertScaleAbs(tint, tint, 0.35, 83)
        top = pad + pad // 2
        self._paste(y, self._name, top, 2 * pad)
        self._paste(y, clock, top + self._name.shape[0] + self._em_px // 4, 2 * pad)

    @staticmethod
    def _paste(y: Plane, line: Plane, top: int, left: int) -> None:
        target = y[top : top + line.shape[0], left : min(left + line.shape[1], y.shape[1] // 2)]
        np.maximum(target, line[: target.shape[0], : target.shape[1]], out=target)

    def _line(self, text: str) -> Plane:
        return np.concatenate([self._glyph(character) for character in text], axis=1)

    def _glyph(self, character: str) -> Plane:
        glyph = self._glyphs.get(character)
        if glyph is None:
            glyph = self._glyphs[character] = _draw_glyph(character, self._em_px)
        return glyph


def draw_text(text: str, em_px: int, weight: int, minimum_advance_px: int = 0) -> Plane:
    """One line of white text on black, `1.3 em_px` high, cropped to its advance."""
    height = round(em_px * 1.3)
    canvas = np.zeros((height, em_px * (len(text) + 2) + minimum_advance_px), np.uint8)
    end, _ = cv2.putText(canvas, text, (0, round(em_px * 1.0)), (235,), cv2.FontFace("sans"), em_px, weight)
    return canvas[:, : max(2, minimum_advance_px, end[0])]


def _draw_glyph(character: str, em_px: int) -> Plane:
    """One character; digits share an advance, so that a running clock does not jitter."""
    if character.isdigit():
        return draw_text(character, em_px, _CLOCK_WEIGHT, round(em_px * 0.58))
    if character == " ":
        return np.zeros((round(em_px * 1.3), round(em_px * 0.3)), np.uint8)
    return draw_text(character, em_px, _CLOCK_WEIGHT)
