"""What a fuzz target is."""

from collections.abc import Callable
from dataclasses import dataclass


class BugFoundError(AssertionError):
    """An invariant of a parser does not hold."""


def holds(condition: bool, promise: str) -> None:
    if not condition:
        raise BugFoundError(promise)


@dataclass(frozen=True, slots=True)
class Target:
    """run: returns, or shows a bug by raising. seeds: real inputs to start from."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
