"""Structured logs: one JSON line per event on stderr, never a credential.

`log.warning("rtsp_lost", extra={"camera": id, "retry_in_s": 4})`: the message is the event's name, the
fields say the rest. A last guard redacts `scheme://user:password@` in every text field, also in tracebacks.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@'\"]+@")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str) -> str:
    """`rtsp://user:pw@host/x` → `rtsp://***@host/x`."""
    return _CREDENTIALS.sub("***@", text)


class JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "event": record.getMessage(),
            "logger": record.name,
        }
        for key, value in vars(record).items():
            if key not in _STANDARD:
                line[key] = value
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


def configure(process: str, level: int = logging.INFO) -> None:
    """Call once, first thing in a process. Replaces any handler a library installed on import."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aioice", "aiortc", "zeep", "httpx", "httpcore", "urllib3", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
