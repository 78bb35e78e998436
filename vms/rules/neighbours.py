"""On which side of a picture a neighbour's view lies. Pure."""

from collections.abc import Sequence
from typing import Literal, get_args

Side = Literal["left", "right", "up", "down"]
SIDES: tuple[Side, ...] = get_args(Side)
Outline = tuple[tuple[float, float], ...]
"""Corners as x, y in 0…1 from the picture's top left."""


def sides(given: Sequence[Side | None]) -> list[Side | None]:
    """Who names no side gets the next free one, in the order of SIDES; beyond four there is none left."""
    free = [side for side in SIDES if side not in given]
    return [side or (free.pop(0) if free else None) for side in given]


def area(outline: Outline) -> float:
    """Share of the picture inside; of an outline that crosses itself, what is left after the parts cancel out."""
    following = (*outline[1:], *outline[:1])
    return abs(sum(x * y_next - x_next * y for (x, y), (x_next, y_next) in zip(outline, following, strict=True))) / 2
