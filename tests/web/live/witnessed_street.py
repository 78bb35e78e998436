"""Rendered pictures of the simulated street with their true directions, and its surroundings as a reference."""

import math
from functools import lru_cache

import numpy as np

from ingest.simulator.model import Faults
from ingest.simulator.model import ViewDeg as TrueView
from ingest.simulator.render import Renderer
from ingest.simulator.street import Street
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.rules.ptz_geometry import ViewDeg
from web.live.reference import Reference, keypoints_of
from web.live.registration import Grey

START_US = 1_795_000_000_000_000
_NOISE = np.random.default_rng(1).normal(0, 4, (3, 720, 1280))


@lru_cache(maxsize=1)
def renderer() -> Renderer:
    return Renderer(Street(), make_specs(StreetOptions(cameras=1))[0])


def picture(view: ViewDeg, at_s: float = 0.0, width: int = 640, *, noisy: bool = True, settle: bool = False) -> Grey:
    """With burned-in clock, people and cars, and a sensor's noise. settle: in focus, as after standing a while."""
    true = TrueView(view.pan_deg, view.tilt_deg, view.hfov_deg)
    at_us = START_US + round(at_s * 1e6)
    height = width * 9 // 16
    for _ in range(2 if settle else 1):
        planes = renderer().view(at_us, true, Faults(), width, height, round(at_s * 12.5)).planes
    noise = _NOISE[round(at_s * 12.5) % 3, :height, :width] if noisy else 0
    return np.clip(planes[0] + noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def surroundings() -> Reference:
    """Of half the circle, wide."""
    found = []
    for pan_deg in range(-90, 91, 30):
        view = ViewDeg(pan_deg, -8.0, 60.0)
        found += keypoints_of(picture(view, width=1280, settle=True), view)
    return Reference(found)


def pan_of_px(shift_px: float, view: ViewDeg, width: int) -> float:
    """Degrees of pan that move the middle of the picture by so many pixels."""
    focal = width / 2 / math.tan(math.radians(view.hfov_deg) / 2)
    return math.degrees(math.atan(shift_px / focal)) / math.cos(math.radians(view.tilt_deg))
