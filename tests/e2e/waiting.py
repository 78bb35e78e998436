"""Wait for something to become true, with a bound that is generous: these tests judge behaviour, not speed."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(look: Callable[[], Value], what: str, timeout_s: float = 30.0, pause_s: float = 0.1) -> Value:
    """The first truthy answer of `look`; fails with what was last seen."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {timeout_s:.0f} s: {what} (last seen: {seen!r})")
        time.sleep(pause_s)
