"""The privacy bench's own check: on the camera's unmasked stream its detectors must find the windows."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

from ingest.simulator.overlay import read_clock_us
from ingest.simulator.street import Street
from vms.cli.bench_privacy_path import next_leg
from vms.cli.bench_privacy_pixels import leaked_pixels, planes_of, window_colour
from vms.cli.bench_privacy_rig import Rig
from vms.cli.bench_privacy_truth import StreetTruth
from vms.clock import Clock

PICTURES = 150


@dataclass(frozen=True, slots=True)
class Unmasked:
    """found: pictures with windows in which the reserved colour was seen. bare_windows: of `windows`, seen as not grey.

    pixels_found_pct: of the pixels of windows, frames included (a tenth to a third of them), of the colour.
    """

    pictures: int
    with_windows: int
    found: int
    windows: int
    bare_windows: int
    pixels_found_pct: float


def watch_unmasked(rig: Rig, street: Street, rng: random.Random, clock: Clock, pictures: int = PICTURES) -> Unmasked:
    """While the camera is turned as in the scenarios."""
    camera = next(iter(rig.cameras))
    truth, counts = StreetTruth(street, rig.cameras[camera]), Counter[str]()
    ended = threading.Event()

    def look() -> None:
        for frame in _frames(rig, camera, pictures):
            _count(rig, truth, camera, frame, counts)
        ended.set()

    thread = threading.Thread(target=look, name="unmasked", daemon=True)
    thread.start()
    number = 0
    while not ended.is_set() and thread.is_alive():
        here = rig.truth(camera)
        leg = next_leg(rng, number, here.view, here.zoom, None)
        rig.drive(camera, leg)
        clock.sleep_s(leg.rest_s)
        number += 1
    return Unmasked(
        pictures=counts["pictures"],
        with_windows=counts["with_windows"],
        found=counts["found"],
        windows=counts["windows"],
        bare_windows=counts["bare"],
        pixels_found_pct=round(100 * counts["colour_px"] / max(1, counts["window_px"]), 1),
    )


def _frames(rig: Rig, camera: str, pictures: int) -> Iterator[av.VideoFrame]:
    options = rig.site.options
    account = f"{options.username}:{options.password}"
    url = f"rtsp://{account}@{options.host}:{options.rtsp_port}/{camera}/sub"
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=15) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= pictures:
                return
            yield frame


def _count(rig: Rig, truth: StreetTruth, camera: str, frame: av.VideoFrame, counts: Counter[str]) -> None:
    planes = planes_of(frame)
    at_us = read_clock_us(planes.y)
    if at_us is None:
        return
    windows = truth.windows(planes, rig.truth(camera, at_us).view)
    counts["pictures"] += 1
    counts["windows"] += windows.seen
    counts["bare"] += len(windows.bare)
    if windows.seen:
        counts["with_windows"] += 1
        counts["found"] += leaked_pixels(planes) > 0
        marks = windows.marks[::2, ::2][: planes.u.shape[0], : planes.u.shape[1]]
        counts["window_px"] += 4 * int(np.count_nonzero(marks))
        counts["colour_px"] += 4 * int(np.count_nonzero(marks & window_colour(planes)))
