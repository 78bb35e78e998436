"""Who is whose neighbour in the demo's street, and its patrols: from where its cameras look."""

import json
from collections.abc import Sequence
from math import radians, tan

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, SimCameraSpec
from vms.rules.ptz_geometry import hfov_deg_at

_WIDEST, _NARROWEST = 0.8, 0.94
"""Where a way out of the picture begins, as a share of its width: it leaves the middle free."""
_BACK = {"left": "Rechts", "right": "Links"}
"""Who walks out on one side comes in on the other: what a turning neighbour then looks at."""


def links(specs: Sequence[SimCameraSpec], camera: SimCameraSpec) -> list[str]:
    """The camera's lines in the configuration."""
    lines = ["neighbours = ["]
    for side, other in _beside(specs, camera):
        parts = [f'id = "{other.id}"', f'side = "{side}"']
        parts += [f'preset = "{_BACK[side]}"'] if other.ptz else []
        parts += [] if camera.ptz else [f"outline = {json.dumps(_way_out(camera, other, side))}"]
        lines.append(f"  {{ {', '.join(parts)} }},")
    lines.append("]")
    if camera.ptz:
        steps = ", ".join(f'{{ preset = "{name}", dwell_s = 15 }}' for name in ("Overzicht", "Links", "Rechts"))
        lines.append(f'patrols = [ {{ name = "Straatronde", steps = [ {steps} ] }} ]')
    return lines


def _beside(specs: Sequence[SimCameraSpec], camera: SimCameraSpec) -> list[tuple[str, SimCameraSpec]]:
    """The next ones to the left and to the right."""
    others = sorted((_turn_deg(camera, other), other.id, other) for other in specs if other is not camera)
    if len(others) < 2:
        return [("right", other) for _, _, other in others]
    return [("left", others[-1][2]), ("right", others[0][2])]


def _turn_deg(camera: SimCameraSpec, other: SimCameraSpec) -> float:
    """How far to turn right for the same view, 0…360."""
    return (other.pan_deg - camera.pan_deg) % 360


def _way_out(camera: SimCameraSpec, other: SimCameraSpec, side: str) -> list[list[float]]:
    """A strip along the edge, as wide as both see the same street."""
    half_deg = hfov_deg_at(HFOV_DEG_AT_ZOOM, camera.zoom) / 2
    turn_deg = min(_turn_deg(camera, other), 360 - _turn_deg(camera, other))
    begins_deg = min(half_deg, max(-half_deg, turn_deg - half_deg))
    share = 0.5 + tan(radians(begins_deg)) / tan(radians(half_deg)) / 2
    inner = round(min(_NARROWEST, max(_WIDEST, share)), 3)
    strip = [[1.0, 0.3], [inner, 0.4], [inner, 0.75], [1.0, 0.9]]
    return strip if side == "right" else [[round(1 - x, 3), y] for x, y in strip]
