"""How many columns a contact sheet has: on a wide screen all its 16:9 cells are then about as large as they can be."""

import math

_SCREEN_ASPECT = 2.0
_CELL_ASPECT = 16 / 9


def columns_of(count: int) -> int:
    return max(1, math.ceil(math.sqrt(count * _SCREEN_ASPECT / _CELL_ASPECT)))
