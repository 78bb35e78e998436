"""JSON of a hash-chained row. Who edits the database file can leave anything there, and then the row must be named as
changed: it may not end the check, the certificate or the pack that is to tell."""

import json
from typing import Any

from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeDecorator

from vms.rules.chain import canonical_json

UNREADABLE = "unreadable"
_MOST = 500


class ReadableJson(TypeDecorator[Any]):
    """What is no JSON that a chain may hold, or of another shape, is read as itself in a text. That is never what the
    row's hash was made of.

    shape: dict or list.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, shape: type[dict[str, Any]] | type[list[Any]]) -> None:
        super().__init__()
        self.shape = shape

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:  # noqa: ARG002
        return self._read

    def _read(self, stored: Any) -> Any:
        """stored: the text, or what the driver made of it."""
        try:
            value: Any = json.loads(stored, parse_constant=_refuse) if isinstance(stored, str) else stored
            if isinstance(value, self.shape):
                if not isinstance(stored, str) or "\\ud" in stored.lower():
                    canonical_json({"": value})  # half a surrogate pair has no spelling
                return value
        except (ValueError, RecursionError):
            value = None
        text = str(stored)[:_MOST].encode("ascii", "backslashreplace").decode()
        return {UNREADABLE: text} if self.shape is dict else [f"{UNREADABLE}: {text}"]


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
