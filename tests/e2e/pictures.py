"""What is to be seen in a picture: the homes' reserved colour, grey masks, the burned-in clock.

Pictures are BGR arrays. The detectors are tried on the camera's own unmasked stream in `test_masks.py`.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.model import ViewDeg
from ingest.simulator.overlay import read_clock_us, strip_height
from ingest.simulator.render import Pinhole
from ingest.simulator.street import Street

KEPT = Path(tempfile.gettempdir()) / "uitkijk-e2e"
Picture = npt.NDArray[np.uint8]
_EDGE_PX = 3
_MIN_AREA_PX = 60


def leaked_pixels(picture: Picture) -> int:
    """Pixels of the magenta that only home windows have, also when video coding has dulled it.

    A red car is as far as anything else in the street goes: blue and red exceed green by less than 35.
    """
    blue, green, red = (channel.astype(np.int16) for channel in cv2.split(picture))
    both = np.minimum(blue, red)
    return int(((both > 100) & (both - green > 60)).sum())


def keep(picture: Picture, why: str) -> Path:
    """The file in which a picture waits for the person who has to find out what went wrong."""
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{why}-{time.time_ns()}.png"
    cv2.imwrite(str(file), picture)
    return file


def assert_no_leak(picture: Picture, tolerated: int = 0) -> None:
    leaked = leaked_pixels(picture)
    assert leaked <= tolerated, f"{leaked} pixels of a home window: see {keep(picture, 'leak')}"


GHOST_PX = 40
"""While a camera turns, its own coder leaves a few blocks' colour where a window was some pictures ago.

That shows nobody: the windows themselves must be grey, and one window is several times as large.
"""


def is_blank(picture: Picture) -> bool:
    """One grey from edge to edge."""
    return float(picture.std()) < 2.0


def clock_us(picture: Picture) -> int | None:
    return read_clock_us(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def clock_is_covered(picture: Picture) -> bool:
    """A mask lies over the clock strip, whole or aslant: for a cell's width it is neither black nor white."""
    height, width = picture.shape[:2]
    strip = picture[height - strip_height(width) :].mean(axis=(0, 2))
    grey = np.abs(strip - 128) < 64
    return bool(np.convolve(grey, np.ones(strip_height(width)), "valid").max() >= strip_height(width))


def window_pixels(picture: Picture, street: Street, truth: dict[str, Any]) -> Iterator[npt.NDArray[np.uint8]]:
    """The grey values inside each home window that is wholly in front of the camera, a little off its edges."""
    height, width = picture.shape[:2]
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    view = Pinhole(ViewDeg(truth["pan_deg"], truth["tilt_deg"], truth["hfov_deg"]), width, height)
    for window in street.window_polygons():
        corners = [view.pixel_of_direction(pan, tilt) for pan, tilt in window.points]
        if None in corners:
            continue
        inside = np.zeros((height, width), np.uint8)
        polygon = np.clip(np.array(corners), -20_000, 20_000).astype(np.int32)
        cv2.fillPoly(inside, [polygon], 1)
        inside = cv2.erode(inside, np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), np.uint8))
        if int(inside.sum()) >= _MIN_AREA_PX:
            yield gray[inside > 0]


def bare_windows(picture: Picture, street: Street, truth: dict[str, Any]) -> tuple[int, int]:
    """(windows that are not uniform mid-grey, windows in the picture)."""
    windows = list(window_pixels(picture, street, truth))
    bare = [pixels for pixels in windows if pixels.std() >= 3 or not 118 <= pixels.mean() <= 138]
    return len(bare), len(windows)


def decoded(source: str, count: int, **options: Any) -> list[Picture]:
    """The first pictures of a file or stream."""
    found: list[Picture] = []
    with av.open(source, **options) as container:
        for frame in container.decode(video=0):
            found.append(np.ascontiguousarray(frame.to_ndarray(format="bgr24")))
            if len(found) >= count:
                break
    return found


def decoded_jpeg(data: bytes) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)
