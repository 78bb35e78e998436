"""Keys of footage at rest: one data key per camera and day (UTC), wrapped by the site key.

A wrapped key lies in `<keys_dir>/<camera>/<YYYY-MM-DD>.json`; destroying that file makes all footage of that camera
and day unreadable (crypto-shredding). What is secured as evidence lies under a key of its hold's own,
`<keys_dir>/_evidence/h<hold>.json`: no camera has that id. A key that is missing, wrong or destroyed is KeyUnavailable:
nothing is ever written or read in plain instead. The site key's file is `vms.site_key`'s.
"""

import base64
import contextlib
import json
import os
import re
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_wrap

from vms.durable import sync_directory
from vms.errors import KeyUnavailable
from vms.site_key import KEY_BYTES, create_site_key, keys_lock, read_site_keys, unwrap, write_once

__all__ = ["DataKey", "KeyRing", "create_site_key", "day_keys", "destroy_day_key", "destroy_evidence_key"]

_MAX_KEY_FILE_BYTES = 4096
_KEY_ID = re.compile(r"([a-z0-9][a-z0-9-]{0,39})/(\d{4}-\d{2}-\d{2})/([0-9a-f]{8})")
_EVIDENCE = "_evidence"
_EVIDENCE_KEY_ID = re.compile(rf"{_EVIDENCE}/h([1-9]\d{{0,17}})/([0-9a-f]{{8}})")


def parse_key_id(key_id: str) -> tuple[str, date]:
    """(camera, day) of a key id. Raises KeyUnavailable."""
    parts = _KEY_ID.fullmatch(key_id)
    if parts is None:
        raise KeyUnavailable(f"malformed key id {key_id!r}")
    return parts[1], date.fromisoformat(parts[2])


@dataclass(frozen=True, slots=True)
class DataKey:
    """key_id: camera/day/random, or _evidence/h<hold>/random; names the key in the catalog and in the file's header."""

    key_id: str
    secret: bytes = field(repr=False)


class KeyRing:
    """Thread-safe. Opens wrapped keys on demand and forgets them as soon as their file is gone.

    Raises KeyUnavailable when the site key cannot be read.
    """

    def __init__(self, keys_dir: Path, site_key_file: Path) -> None:
        self._keys_dir = keys_dir
        self._site_key_file = site_key_file
        self._site_keys = read_site_keys(site_key_file)
        self._lock = threading.Lock()
        self._cache: dict[Path, tuple[int, DataKey]] = {}

    def data_key(self, camera_id: str, day: date) -> DataKey:
        """The key to write this camera's footage of that day with; made at the first call of the day."""
        return self._made(self._path(camera_id, day), f"{camera_id}/{day.isoformat()}")

    def evidence_key(self, hold_id: int) -> DataKey:
        """The key to write a hold's copies with; made at the first call."""
        return self._made(evidence_key_file(self._keys_dir, hold_id), f"{_EVIDENCE}/h{hold_id}")

    def find(self, key_id: str) -> DataKey:
        """The key that a segment, or a copy of one, names."""
        of_hold = _EVIDENCE_KEY_ID.fullmatch(key_id)
        if of_hold is not None:
            key = self._load(evidence_key_file(self._keys_dir, int(of_hold[1])))
        else:
            key = self._load(self._path(*parse_key_id(key_id)))
        if key.key_id != key_id:
            raise KeyUnavailable(f"key {key_id} was destroyed")
        return key

    def destroy(self, camera_id: str, day: date) -> bool:
        """Like destroy_day_key."""
        with self._lock:
            self._cache.pop(self._path(camera_id, day), None)
        return destroy_day_key(self._keys_dir, camera_id, day)

    def _path(self, camera_id: str, day: date) -> Path:
        return key_file(self._keys_dir, camera_id, day)

    def _made(self, path: Path, name: str) -> DataKey:
        if not path.exists():
            self._create(path, name)
        return self._load(path)

    def _create(self, path: Path, name: str) -> None:
        key = DataKey(f"{name}/{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))
        try:
            with keys_lock(self._keys_dir, exclusive=False):
                self._site_keys = read_site_keys(self._site_key_file)
                write_once(path, wrapped_text(key, self._site_keys[0]))
        except OSError as error:
            raise KeyUnavailable(f"{path}: cannot store a new data key: {error.strerror}") from error

    def _load(self, path: Path) -> DataKey:
        try:
            written_ns = path.stat().st_mtime_ns
            with self._lock:
                cached = self._cache.get(path)
                if cached and cached[0] == written_ns:
                    return cached[1]
            with path.open("rb") as file:
                text = file.read(_MAX_KEY_FILE_BYTES)
        except OSError as error:
            with self._lock:
                self._cache.pop(path, None)
            raise KeyUnavailable(f"{path}: data key missing or destroyed ({error.strerror})") from error
        key = self._unwrap(path, text)
        with self._lock:
            self._cache[path] = (written_ns, key)
        return key

    def _unwrap(self, path: Path, text: bytes) -> DataKey:
        """With the site key as it was; if that does not fit, as it is now: it may have been rotated."""
        try:
            return unwrap_text(path, text, self._site_keys)
        except InvalidUnwrap:
            self._site_keys = read_site_keys(self._site_key_file)
        try:
            return unwrap_text(path, text, self._site_keys)
        except InvalidUnwrap as error:
            raise KeyUnavailable(f"{path}: the site key does not open this data key") from error


def wrapped_text(key: DataKey, site_key: bytes) -> str:
    """What a wrapped key's file says."""
    wrapped = base64.b64encode(aes_key_wrap(site_key, key.secret)).decode()
    return json.dumps({"v": 1, "key_id": key.key_id, "wrap": "AES-256-KW", "wrapped": wrapped})


def unwrap_text(path: Path, text: bytes, site_keys: list[bytes]) -> DataKey:
    """Raises InvalidUnwrap: none of these site keys. Raises KeyUnavailable: damaged."""
    try:
        content = json.loads(text)
        return DataKey(str(content["key_id"]), unwrap(site_keys, base64.b64decode(content["wrapped"], validate=True)))
    except (ValueError, KeyError, TypeError) as error:
        raise KeyUnavailable(f"{path}: damaged data key") from error


def key_file(keys_dir: Path, camera_id: str, day: date) -> Path:
    return keys_dir / camera_id / f"{day.isoformat()}.json"


def day_keys(keys_dir: Path) -> Iterator[tuple[str, date]]:
    """(camera, day) of every wrapped key there is."""
    for path in sorted(keys_dir.glob("*/*.json")):
        with contextlib.suppress(ValueError):
            yield path.parent.name, date.fromisoformat(path.stem)


def evidence_key_file(keys_dir: Path, hold_id: int) -> Path:
    return keys_dir / _EVIDENCE / f"h{hold_id}.json"


def evidence_keys(keys_dir: Path) -> Iterator[int]:
    """The hold of every evidence key there is."""
    for path in sorted((keys_dir / _EVIDENCE).glob("h*.json")):
        if path.stem[1:].isdecimal():
            yield int(path.stem[1:])


def destroy_day_key(keys_dir: Path, camera_id: str, day: date) -> bool:
    """Crypto-shred: overwrite, sync, unlink, sync the directory. Needs no site key. False when there was none.

    Readers that have the key cached lose it at their next use. Raises OSError.
    """
    return _destroy(keys_dir, key_file(keys_dir, camera_id, day))


def destroy_evidence_key(keys_dir: Path, hold_id: int) -> bool:
    """The same for a hold's copies."""
    return _destroy(keys_dir, evidence_key_file(keys_dir, hold_id))


def _destroy(keys_dir: Path, path: Path) -> bool:
    if not path.exists():
        return False
    with keys_lock(keys_dir, exclusive=False):
        try:
            with path.open("r+b") as file:
                file.write(b"\0" * path.stat().st_size)
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        sync_directory(path.parent)
    return True
