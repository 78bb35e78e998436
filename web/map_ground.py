"""The ground under the map: one raster PMTiles file, or none."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

_HEADER_BYTES: Final = 127
_MAGIC: Final = b"PMTiles\x03"
_TILE_TYPE_AT: Final = 99
_RASTER: Final = {2: "image/png", 3: "image/jpeg", 4: "image/webp", 5: "image/avif"}


@dataclass(frozen=True, slots=True)
class Ground:
    """version: another file has another one, so that no browser mixes two."""

    path: Path
    version: str


def find_ground(path: Path) -> Ground | None:
    """Blocking. None: there is no such file, or it is not raster PMTiles (version 3)."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("map_ground_unusable", extra={"path": str(path), "reason": str(error.strerror)})
        return None
    problem = _problem(header)
    if problem:
        log.warning("map_ground_unusable", extra={"path": str(path), "reason": problem})
        return None
    return Ground(path, f"{changed_ns:x}")


def _problem(header: bytes) -> str:
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        return "not PMTiles version 3"
    if header[_TILE_TYPE_AT] not in _RASTER:
        return "holds vectors; the map draws raster tiles (png, jpeg, webp, avif)"
    return ""
