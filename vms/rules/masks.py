"""Mask sets: which directions of a camera's surroundings nobody may see, and the lens that places them.

Parses and validates the import document (the shape of `vms import masks`) and names every problem at once.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal, cast

from vms.rules.account_names import is_same_person
from vms.rules.placements import Placement

Space = Literal["sphere", "image"]
Point = tuple[float, float]

MAX_MASKS = 400
MAX_POINTS = 64
MAX_NAME = 80
MAX_REASON = 300
MAX_PAN_SPAN_DEG = 170.0
"""A wider mask must be drawn as several: half a sphere has no inside."""
_KEYS = frozenset({"camera", "lens", "masks", "author", "approver", "valid_from", "reason"})

Closing = Literal["withdrawn", "lapsed"]
"""Why nothing may be seen: a privacy officer decided so, or the camera was moved."""


@dataclass(frozen=True, slots=True)
class LensCalibration:
    """Maps ONVIF's generic position onto degrees.

    pan_range_deg, tilt_range_deg: degrees at generic −1 and +1, linear in between.
    hfov_deg_at_zoom: (zoom 0…1, horizontal field of view in degrees), rising zoom, linear in between.
    """

    pan_range_deg: tuple[float, float]
    tilt_range_deg: tuple[float, float]
    hfov_deg_at_zoom: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Mask:
    """polygon: (pan, tilt) in degrees for `sphere` (neighbouring pans never differ by more than 180), or
    (x, y) in 0…1 from the top left of the picture for `image`."""

    name: str
    space: Space
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class MaskSet:
    """One version of a camera's masks. Versions count from 1 per camera; approver None = draft, not in force.

    The set in force at a time is the highest approved version whose valid_from is not after it.
    reason: why it was made. placement: where the camera hung then; None = from before that was noted.
    approves: the draft that this version put in force. closes: from valid_from on nothing may be seen; such a version
    has no masks and needs no second person, because it only hides.
    """

    camera_id: str
    version: int
    lens: LensCalibration | None
    masks: tuple[Mask, ...]
    author: str
    approver: str | None
    valid_from: datetime
    reason: str = ""
    placement: Placement | None = None
    approves: int | None = None
    closes: Closing | None = None


@dataclass(frozen=True, slots=True)
class MaskImport:
    """A mask set as submitted: without version."""

    camera_id: str
    lens: LensCalibration | None
    masks: tuple[Mask, ...]
    author: str
    approver: str | None
    valid_from: datetime
    reason: str = ""


class MaskProblems(ValueError):
    """The document is no mask set. problems: one line each, naming the key and the fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def in_force(sets: Sequence[MaskSet], at: datetime) -> MaskSet | None:
    """The highest approved version that applies at this time, in whatever order the sets come."""
    candidates = [s for s in sets if s.approver is not None and s.valid_from <= at]
    return max(candidates, key=lambda s: s.version, default=None)


def parse_mask_import(document: object) -> MaskImport:
    """Raises MaskProblems naming everything that is wrong."""
    if not isinstance(document, Mapping):
        raise MaskProblems(["a mask set must be a JSON object with camera, lens, masks, author, approver, valid_from"])
    problems = [f"{key}: unknown key; remove it" for key in sorted(set(map(str, document)) - _KEYS)]
    camera_id = _text(document, "camera", problems)
    author = _text(document, "author", problems)
    approver = None if document.get("approver") is None else _text(document, "approver", problems)
    if author and approver and is_same_person(author, approver):
        problems.append("approver: is the author too; a second person must approve")
    valid_from = _valid_from(document.get("valid_from"), problems)
    reason = document.get("reason") or ""
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        problems.append(f"reason: must be text of at most {MAX_REASON} characters")
    masks = _masks(document.get("masks"), problems)
    lens = parse_lens(document.get("lens"), problems)
    if lens is None and document.get("lens") is None and any(mask.space == "sphere" for mask in masks):
        problems.append("lens: is missing; masks on the sphere need pan_range_deg, tilt_range_deg, hfov_deg_at_zoom")
    if problems or valid_from is None:
        raise MaskProblems(problems)
    return MaskImport(camera_id, lens, masks, author, approver, valid_from, str(reason).strip())


def lens_document(lens: LensCalibration | None) -> dict[str, Any]:
    """The lens in the shape of the import document; {} for none."""
    if lens is None:
        return {}
    return {
        "pan_range_deg": list(lens.pan_range_deg),
        "tilt_range_deg": list(lens.tilt_range_deg),
        "hfov_deg_at_zoom": [list(row) for row in lens.hfov_deg_at_zoom],
    }


def masks_document(masks: Sequence[Mask]) -> list[dict[str, Any]]:
    return [{"name": m.name, "space": m.space, "polygon": [list(point) for point in m.polygon]} for m in masks]


def masks_of_document(items: object) -> tuple[Mask, ...]:
    """Raises MaskProblems: stored masks are checked again, a damaged row is not a smaller mask."""
    problems: list[str] = []
    masks = _masks(items, problems)
    if problems:
        raise MaskProblems(problems)
    return masks


def parse_lens(value: object, problems: list[str]) -> LensCalibration | None:
    """None and no problem for an absent or empty lens; problems are appended."""
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        problems.append("lens: must be an object")
        return None
    before = len(problems)
    unknown = sorted(set(map(str, value)) - {"pan_range_deg", "tilt_range_deg", "hfov_deg_at_zoom"})
    problems += [f"lens.{key}: unknown key; remove it" for key in unknown]
    pan = _range(value, "pan_range_deg", 720.0, problems)
    tilt = _range(value, "tilt_range_deg", 360.0, problems)
    table = _zoom_table(value.get("hfov_deg_at_zoom"), problems)
    return LensCalibration(pan, tilt, table) if len(problems) == before else None


def _text(document: Mapping[Any, Any], key: str, problems: list[str]) -> str:
    value = document.get(key)
    if isinstance(value, str) and 0 < len(value.strip()) <= MAX_NAME:
        return value.strip()
    problems.append(f"{key}: must be text of 1 to {MAX_NAME} characters")
    return ""


def _valid_from(value: object, problems: list[str]) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        problems.append("valid_from: must be a time with its zone, for example 2026-11-01T00:00:00Z")
        return None
    return at


def _range(lens: Mapping[Any, Any], key: str, max_span_deg: float, problems: list[str]) -> Point:
    pair = _pair(lens.get(key))
    if pair is None or not -720 <= pair[0] < pair[1] <= 720 or pair[1] - pair[0] > max_span_deg:
        problems.append(f"lens.{key}: must be [lowest, highest] in degrees, at most {max_span_deg:g} apart")
        return (0.0, 0.0)
    return pair


def _zoom_table(value: object, problems: list[str]) -> tuple[Point, ...]:
    rows = [_pair(row) for row in value] if isinstance(value, list) and len(value) <= 1000 else []
    table = tuple(row for row in rows if row is not None)
    rising = all(a[0] < b[0] for a, b in pairwise(table))
    whole = len(table) == len(rows) >= 2 and table[0][0] == 0.0 and table[-1][0] == 1.0
    if not (whole and rising and all(0.05 <= hfov <= 160 for _, hfov in table)):
        problems.append(
            "lens.hfov_deg_at_zoom: must be [[0.0, degrees], …, [1.0, degrees]], zoom rising from 0 to 1, "
            "each field of view between 0.05 and 160 degrees"
        )
    return table


def _masks(value: object, problems: list[str]) -> tuple[Mask, ...]:
    if not isinstance(value, list) or len(value) > MAX_MASKS:
        problems.append(f"masks: must be a list of at most {MAX_MASKS}; [] says that nothing needs a mask")
        return ()
    found = [_mask(item, f"masks[{index}]", problems) for index, item in enumerate(value)]
    return tuple(mask for mask in found if mask is not None)


def _mask(item: object, where: str, problems: list[str]) -> Mask | None:
    if not isinstance(item, Mapping):
        problems.append(f"{where}: must be an object with name, space, polygon")
        return None
    mine = [f"{key}: unknown key; remove it" for key in sorted(set(map(str, item)) - {"name", "space", "polygon"})]
    name = _text(item, "name", mine)
    space = item.get("space")
    if space not in ("sphere", "image"):
        mine.append('space: must be "sphere" (degrees of pan and tilt) or "image" (0…1 from the top left)')
    polygon = _polygon(item.get("polygon"))
    if polygon is None:
        mine.append(f"polygon: must be 3 to {MAX_POINTS} points [a, b] of finite numbers")
    elif space in ("sphere", "image"):
        polygon = unwrapped(polygon) if space == "sphere" else polygon
        mine += [f"polygon: {problem}" for problem in _polygon_problems(polygon, cast(Space, space))]
    problems += [f"{where}.{problem}" for problem in mine]
    return None if mine or polygon is None else Mask(name, cast(Space, space), polygon)


def _polygon(value: object) -> tuple[Point, ...] | None:
    if not isinstance(value, list) or not 3 <= len(value) <= MAX_POINTS:
        return None
    points = [_pair(point) for point in value]
    return None if None in points else tuple(point for point in points if point is not None)


def _pair(value: object) -> Point | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value):
        return None
    return (float(value[0]), float(value[1]))


def unwrapped(polygon: Sequence[Point]) -> tuple[Point, ...]:
    """Pan continues past ±180 where an edge takes the short way round: 175 → −175 becomes 175 → 185."""
    points = [polygon[0]]
    for pan, tilt in polygon[1:]:
        points.append((points[-1][0] + (pan - points[-1][0] + 180) % 360 - 180, tilt))
    return tuple(points)


def _polygon_problems(polygon: Sequence[Point], space: Space) -> Iterator[str]:
    if space == "image" and not all(0 <= x <= 1 and 0 <= y <= 1 for x, y in polygon):
        yield "x and y must lie in 0…1"
    if space == "sphere":
        pans = [pan for pan, _ in polygon]
        if not all(-90 <= tilt <= 90 for _, tilt in polygon):
            yield "tilt must lie in −90…90"
        if abs(pans[-1] - pans[0]) > 180 or max(pans) - min(pans) > MAX_PAN_SPAN_DEG:
            yield f"is wider than {MAX_PAN_SPAN_DEG:g} degrees of pan; draw it as several masks"
    closed = [*polygon, polygon[0]]
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(closed)) / 2
    if abs(area) < 1e-7:
        yield "has no area"
    elif crosses_itself(closed):
        yield "crosses itself; give the points in order round the edge"


def crosses_itself(closed: Sequence[Point]) -> bool:
    """closed: the first point comes again at the end."""
    edges = list(pairwise(closed))
    count = len(edges)
    return any(
        _cross(*edges[i], *edges[j])
        for i in range(count)
        for j in range(i + 2, count)
        if not (i == 0 and j == count - 1)
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
