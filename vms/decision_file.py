"""The register of decisions as a file, for processes that wait for no database: `data_dir/decisions.json`.

Whoever changes the register writes it anew, in one piece. What was read last holds until its own end, whatever becomes
of file and database; a process that never could read it knows of no decision, and records nothing that needs one.
"""

import json
import logging
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from vms.config import Camera, SiteConfig
from vms.errors import StorageError
from vms.placement_file import PlacementBook
from vms.rules.decision_document import DecisionProblems, read_decision
from vms.rules.decisions import Decision, Place, Window
from vms.rules.gating import FREE, UNKNOWN, Gate, gate_at, windows_of_place
from vms.site_key import replace_bytes

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
_FOREVER = (-math.inf, math.inf)
Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Register:
    """version: vms.store.decisions.newest_id when it was written."""

    version: int
    decisions: tuple[Decision, ...]


def decisions_path(data_dir: Path) -> Path:
    return data_dir / "decisions.json"


def signature(path: Path) -> Signature | None:
    """Another one: it is another file. None: there is none."""
    try:
        at = path.stat()
    except OSError:
        return None
    return at.st_mtime_ns, at.st_size, at.st_ino


def place_of(camera: Camera) -> Place:
    return Place(camera.id, camera.area, camera.placement, camera.lat, camera.lon)


def needs_decision(config: SiteConfig, camera: Camera) -> bool:
    return config.decisions.enforce and camera.purpose == "public_order"


def write_register(path: Path, version: int, documents: Sequence[tuple[int, Any]]) -> None:
    """documents: with the id of each decision. Raises StorageError."""
    content = {"version": version, "decisions": [{"id": key, "document": document} for key, document in documents]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, json.dumps(content, ensure_ascii=False).encode())
    except OSError as error:
        raise StorageError(f"{path}: cannot write it: {error.strerror or error}") from error


def read_register(path: Path, zone: ZoneInfo) -> Register:
    """Raises StorageError: there is none, or it is damaged."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StorageError(f"{path}: larger than {MAX_BYTES} bytes")
        content = json.loads(path.read_bytes())
        decisions = tuple(read_decision(each["document"], int(each["id"]), zone) for each in content["decisions"])
        return Register(int(content["version"]), decisions)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, DecisionProblems) as error:
        raise StorageError(f"{path}: damaged ({error})") from error


@dataclass(frozen=True, slots=True)
class _Known:
    """What the decisions say of the place where a camera hangs, with that placement's id: they change together."""

    placement_id: int
    windows: list[Window]


class DecisionBook:
    """What each camera may do now, by the files as they were read last. refresh() now and then; any thread."""

    def __init__(self, config: SiteConfig) -> None:
        self._path = decisions_path(config.site.data_dir)
        self._zone = ZoneInfo(config.site.timezone)
        self._cameras = {camera.id: camera for camera in config.cameras}
        self._gated = {camera.id: camera for camera in config.cameras if needs_decision(config, camera)}
        self.placements = PlacementBook(config)
        self._refreshing = threading.Lock()
        self._lock = threading.Lock()
        self._seen: Signature | None = None
        self._was_told = False
        self._known: dict[str, _Known] | None = None
        self._gates: dict[str, tuple[tuple[float, float], Gate]] = {}

    def refresh(self) -> bool:
        """Read the files if they are others than before. True: something may have changed."""
        with self._refreshing:
            return self._refresh()

    def _refresh(self) -> bool:
        has_moved = self.placements.refresh()
        seen = signature(self._path)
        if (
            not self._gated
            or not self.placements.is_known
            or (seen == self._seen and self._known is not None and not has_moved)
        ):
            return has_moved
        try:
            register = read_register(self._path, self._zone)
        except StorageError as error:
            if seen != self._seen or not self._was_told:
                log.warning("decisions_not_read", extra={"detail": str(error)})
            self._seen, self._was_told = seen, True
            if has_moved:
                self._forget()
            return has_moved
        found = {key: self._known_of(register, camera) for key, camera in self._gated.items()}
        with self._lock:
            self._known, self._gates, self._seen = found, {}, seen
        return True

    def _known_of(self, register: Register, camera: Camera) -> _Known:
        hung, placement_id = self.placements.hanging(camera)
        return _Known(placement_id, windows_of_place(register.decisions, place_of(hung), self._zone))

    def _forget(self) -> None:
        """What was known was of other places."""
        with self._lock:
            self._known, self._gates = None, {}

    def gate(self, camera_id: str, at_us: int) -> Gate:
        if camera_id not in self._gated:
            camera = self._cameras.get(camera_id)
            placement_id = 0 if camera is None else self.placements.hanging(camera)[1]
            return replace(FREE, placement_id=placement_id) if placement_id else FREE
        with self._lock:
            span, gate = self._gates.get(camera_id, (None, UNKNOWN))
            if span is not None and span[0] <= at_us < span[1]:
                return gate
            if self._known is None:
                return UNKNOWN
            known = self._known[camera_id]
            gate = replace(gate_at(known.windows, at_us), placement_id=known.placement_id)
            self._gates[camera_id] = (_unchanged_around(known.windows, at_us), gate)
            return gate


def _unchanged_around(known: Sequence[Window], at_us: int) -> tuple[float, float]:
    edges = [edge for window in known for edge in (window.start_us, window.end_us) if edge is not None]
    before, after = _FOREVER
    return max((e for e in edges if e <= at_us), default=before), min((e for e in edges if e > at_us), default=after)
