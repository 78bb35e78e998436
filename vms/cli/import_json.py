"""The JSON files of `vms import`."""

import json
from pathlib import Path
from typing import Any

from vms.errors import ConfigError

MAX_IMPORT_BYTES = 16 * 1024 * 1024


def read_json(file: Path) -> Any:
    """Raises ConfigError."""
    try:
        if file.stat().st_size > MAX_IMPORT_BYTES:
            raise ConfigError([f"{file}: larger than {MAX_IMPORT_BYTES} bytes"])
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"{file}: cannot read it: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError([f"{file}: not valid JSON: {error}"]) from error


def read_rows(file: Path, most: int, what: str) -> list[Any]:
    """what: they are, in the plural. Raises ConfigError."""
    rows = read_json(file)
    if not isinstance(rows, list) or len(rows) > most:
        raise ConfigError([f"{file}: must be a list of at most {most} {what}"])
    return rows
