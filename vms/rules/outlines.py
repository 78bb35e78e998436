"""What the outline of an area may not be. Pure, and without numpy: every recorder reads the configuration."""

from collections.abc import Sequence
from itertools import pairwise

from vms.rules.masks import Point, crosses_itself

_LEAST_AREA_DEG2 = 1e-10
"""About a square metre."""


def outline_problem(outline: Sequence[Point]) -> str | None:
    """outline: (latitude, longitude), not closed."""
    closed = [*outline, outline[0]]
    if crosses_itself(closed):
        return "crosses itself; give the corners in order round the edge"
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(_near_zero(closed))) / 2
    return "has no area" if abs(area) < _LEAST_AREA_DEG2 else None


def _near_zero(points: Sequence[Point]) -> list[Point]:
    """The same shape round the first corner: products of whole degrees would drown a street."""
    lat, lon = points[0]
    return [(a - lat, b - lon) for a, b in points]
