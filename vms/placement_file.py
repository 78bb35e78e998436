"""Where moved cameras hang, as a file for processes that wait for no database: `data_dir/placements.json`.

What stands in the register of placements goes before the configuration, which tells where a camera hung at first. The
file is there also while nobody was moved: what was read last holds, and a process that never could read it knows of no
camera where it hangs.
"""

import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vms.config import Camera, SiteConfig
from vms.errors import StorageError
from vms.rules.placements import Hanging, Placement, placement_document, placement_of_document
from vms.site_key import replace_bytes

log = logging.getLogger(__name__)

MAX_BYTES = 4 * 1024 * 1024
Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class MovedTo:
    """Of a camera. id: of its placement in the register."""

    id: int
    area: str
    placement: Placement


def placements_path(data_dir: Path) -> Path:
    return data_dir / "placements.json"


def write_placements(path: Path, version: int, hanging: Sequence[Hanging]) -> None:
    """Where each moved camera hangs now. Raises StorageError."""
    moved = {
        one.camera_id: {"id": one.id, "area": one.area, "placement": placement_document(one.placement)}
        for one in hanging
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, json.dumps({"version": version, "cameras": moved}, ensure_ascii=False).encode())
    except OSError as error:
        raise StorageError(f"{path}: cannot write it: {error.strerror or error}") from error


def read_placements(path: Path) -> tuple[int, dict[str, MovedTo]]:
    """(version, by camera). Raises StorageError: there is none, or it is damaged."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StorageError(f"{path}: larger than {MAX_BYTES} bytes")
        content = json.loads(path.read_bytes())
        return int(content["version"]), {key: _moved(one) for key, one in content["cameras"].items()}
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{path}: damaged ({error})") from error


class PlacementBook:
    """By the file as it was read last. refresh() now and then; any thread.

    is_known: it was read at least once. Until then now() tells what is configured, which may be long ago.
    """

    def __init__(self, config: SiteConfig) -> None:
        self._path = placements_path(config.site.data_dir)
        self._cameras = {camera.id: camera for camera in config.cameras}
        self._lock = threading.Lock()
        self._seen: Signature | None = None
        self._was_told = False
        self._now: dict[str, tuple[Camera, int]] = {}
        self.is_known = False
        self.refresh()

    def refresh(self) -> bool:
        """Read the file if it is another than before. True: a camera may hang elsewhere now."""
        seen = _signature(self._path)
        if self.is_known and seen == self._seen:
            return False
        try:
            _, moved = read_placements(self._path)
        except StorageError as error:
            if seen != self._seen or not self._was_told:
                log.warning("placements_not_read", extra={"detail": str(error)})
            self._seen, self._was_told = seen, True
            return False
        now = {key: (_hung(self._cameras[key], one), one.id) for key, one in moved.items() if key in self._cameras}
        with self._lock:
            self._now, self._seen, self.is_known = now, seen, True
        return True

    def now(self, camera: Camera) -> Camera:
        """As it hangs now: area, placement and coordinates; a moved one has no bearing and no neighbours any more."""
        return self.hanging(camera)[0]

    def hanging(self, camera: Camera) -> tuple[Camera, int]:
        """The same, with the id of its placement; 0: it hangs as the configuration says."""
        return self._now.get(camera.id, (camera, 0))

    @property
    def placed(self) -> Mapping[str, Placement]:
        """Of every camera, as of now whenever it is asked."""
        return _Placed(self._cameras, self)


class _Placed(Mapping[str, Placement]):
    def __init__(self, cameras: Mapping[str, Camera], book: PlacementBook) -> None:
        self._cameras = cameras
        self._book = book

    def __getitem__(self, camera_id: str) -> Placement:
        return self._book.now(self._cameras[camera_id]).placed

    def __iter__(self) -> Iterator[str]:
        return iter(self._cameras)

    def __len__(self) -> int:
        return len(self._cameras)


def _hung(camera: Camera, moved: MovedTo) -> Camera:
    place = moved.placement
    changes = {"area": moved.area, "placement": place.name, "lat": place.lat, "lon": place.lon}
    return camera.model_copy(update={**changes, "bearing_deg": None, "neighbours": ()})


def _moved(document: Mapping[str, Any]) -> MovedTo:
    placement = placement_of_document(document["placement"])
    if placement is None:
        raise ValueError("a camera without a placement")
    return MovedTo(int(document["id"]), str(document["area"]), placement)


def _signature(path: Path) -> Signature | None:
    try:
        at = path.stat()
    except OSError:
        return None
    return at.st_mtime_ns, at.st_size, at.st_ino
