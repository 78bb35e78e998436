"""Which footage was put in the audit log already, so that the ranges of one viewing are one row."""

import threading
from collections import OrderedDict

_REMEMBERED = 20_000

ViewKey = tuple[str, int, int, int]
"""Login, consultation, segment, and the crossing by which alone it is seen (0: none)."""


class Viewed:
    """Bounded; what is forgotten is written again. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: OrderedDict[ViewKey, None] = OrderedDict()

    def __contains__(self, key: ViewKey) -> bool:
        with self._lock:
            return key in self._keys

    def add(self, key: ViewKey) -> None:
        """Only after the audit row stands."""
        with self._lock:
            self._keys[key] = None
            self._keys.move_to_end(key)
            if len(self._keys) > _REMEMBERED:
                self._keys.popitem(last=False)
