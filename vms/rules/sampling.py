"""A sample that nobody can steer and everybody can draw again: it follows from the seed and the rows' hashes."""

import hashlib
from collections.abc import Iterable


def draw(seed: str, rows: Iterable[tuple[int, str]], size: int) -> list[int]:
    """The numbers of `size` rows (number, hash), in order; all of them when there are no more."""
    ranked = sorted((hashlib.sha256(f"{seed}\n{hash_}".encode()).hexdigest(), number) for number, hash_ in rows)
    return sorted(number for _, number in ranked[:size])
