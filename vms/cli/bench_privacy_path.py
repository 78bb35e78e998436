"""Random ways for a PTZ camera to go, as an observer would make it: the same for the same seed. Pure."""

import random
from dataclasses import dataclass
from typing import Literal

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, MAX_PAN_SPEED_DEG_S, MAX_TILT_SPEED_DEG_S, MAX_ZOOM_SPEED_PER_S
from ingest.simulator.model import ViewDeg as View

LegKind = Literal["move", "preset", "home", "reboot"]

TILTS_DEG = (-18.0, 6.0)
"""Where homes are seen: that is where masks must hold."""
ZOOMS = (0.0, 1.0)
_PRESETS = ("1", "2", "3", "4")
_PRESET_SHARE, _ZOOM_SHARE = 0.15, 0.35
_PROPORTIONAL_SHARE = 0.8
_SLOWEST_DEG_S = 2.0
UNWATCHED_S = 2.5
"""After so long at rest a camera is asked once a second where it looks: then another client turns it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """pan, tilt, zoom: velocities -1…1 of full speed for `duration_s`, then rest for `rest_s`."""

    kind: LegKind
    duration_s: float
    rest_s: float
    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0
    preset: str = ""


def next_leg(rng: random.Random, number: int, view: View, zoom: float, special: LegKind | None) -> Leg:
    """view, zoom: where the camera stands. special: what every fifth leg is instead.

    Pan speeds run from 2 to 120 degrees a second, slow ones as often as fast ones (logarithmic); mostly slower in
    proportion to the zoom, as observers steer, sometimes at full speed all the same.
    """
    rest_s = rng.choice((0.2, 0.6, 1.6))
    if special is not None and number % 5 == 2:
        return Leg(special, 7.0 if special == "reboot" else 1.5, 1.6)
    if rng.random() < _PRESET_SHARE:
        return Leg("preset", 1.2, 1.6, preset=rng.choice(_PRESETS))
    duration_s = rng.uniform(0.4, 1.6)
    pan_deg_s = rng.choice((-1, 1)) * _SLOWEST_DEG_S * (MAX_PAN_SPEED_DEG_S / _SLOWEST_DEG_S) ** rng.random()
    if rng.random() < _PROPORTIONAL_SHARE:
        pan_deg_s *= view.hfov_deg / HFOV_DEG_AT_ZOOM[0][1]
    tilt_deg_s = (rng.uniform(*TILTS_DEG) - view.tilt_deg) / duration_s
    zoom_per_s = 0.0
    if rng.random() < _ZOOM_SHARE:
        zoom_per_s = (rng.uniform(*ZOOMS) ** 2 - zoom) / duration_s
    return Leg(
        "move",
        duration_s,
        rest_s,
        pan=pan_deg_s / MAX_PAN_SPEED_DEG_S,
        tilt=_unit(tilt_deg_s / MAX_TILT_SPEED_DEG_S),
        zoom=_unit(zoom_per_s / MAX_ZOOM_SPEED_PER_S),
    )


def _unit(value: float) -> float:
    return max(-1.0, min(1.0, value))
