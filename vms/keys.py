"""Keys of footage at rest: one data key per camera, day (UTC) and purpose, wrapped by the site key.

A wrapped key lies in `<keys_dir>/<camera>/<YYYY-MM-DD>.<purpose>.json`; destroying that file makes all footage that
this camera made for that purpose on that day unreadable (crypto-shredding). Keys from before purposes had their own
lie in `<YYYY-MM-DD>.json` and serve what they encrypted. What is secured as evidence lies under a key of its hold's
own, `<keys_dir>/_evidence/h<hold>.json`: no camera has that id. A key that is missing, wrong or destroyed is
KeyUnavailable: nothing is ever written or read in plain instead. The site key's file is `vms.site_key`'s.
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

__all__ = ["DataKey", "DayKey", "KeyRing", "create_site_key", "day_keys", "destroy_day_key", "destroy_evidence_key"]

_MAX_KEY_FILE_BYTES = 4096
_KEY_ID = re.compile(r"([a-z0-9][a-z0-9-]{0,39})/(\d{4}-\d{2}-\d{2})/(?:([a-z_]{1,20})/)?([0-9a-f]{8})")
_EVIDENCE = "_evidence"
_EVIDENCE_KEY_ID = re.compile(rf"{_EVIDENCE}/h([1-9]\d{{0,17}})/([0-9a-f]{{8}})")


@dataclass(frozen=True, slots=True, order=True)
class DayKey:
    """Which footage a key opens. purpose: empty of a key from before purposes had their own."""

    camera_id: str
    day: date
    purpose: str

    @property
    def name(self) -> str:
        """The id of the key begins with it and a slash."""
        return "/".join([self.camera_id, self.day.isoformat(), *([self.purpose] if self.purpose else [])])

    def file(self, keys_dir: Path) -> Path:
        stem = f"{self.day.isoformat()}.{self.purpose}" if self.purpose else self.day.isoformat()
        return keys_dir / self.camera_id / f"{stem}.json"


def parse_key_id(key_id: str) -> DayKey:
    """Raises KeyUnavailable."""
    parts = _KEY_ID.fullmatch(key_id)
    if parts is None:
        raise KeyUnavailable(f"malformed key id {key_id!r}")
    try:
        return DayKey(parts[1], date.fromisoformat(parts[2]), parts[3] or "")
    except ValueError as error:
        raise KeyUnavailable(f"malformed key id {key_id!r}") from error


@dataclass(frozen=True, slots=True)
class DataKey:
    """key_id: camera/day/purpose/random, camera/day/random or _evidence/h<hold>/random; names the key in the catalog
    and in the file's header."""

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

    def data_key(self, camera_id: str, day: date, purpose: str) -> DataKey:
        """The key to write this camera's footage of that day and purpose with; made at the first call of the day."""
        day_key = DayKey(camera_id, day, purpose)
        return self._made(day_key.file(self._keys_dir), day_key.name)

    def evidence_key(self, hold_id: int) -> DataKey:
        """The key to write a hold's copies with; made at the first call."""
        return self._made(evidence_key_file(self._keys_dir, hold_id), f"{_EVIDENCE}/h{hold_id}")

    def find(self, key_id: str) -> DataKey:
        """The key that a segment, or a copy of one, names."""
        of_hold = _EVIDENCE_KEY_ID.fullmatch(key_id)
        if of_hold is not None:
            key = self._load(evidence_key_file(self._keys_dir, int(of_hold[1])))
        else:
            key = self._load(parse_key_id(key_id).file(self._keys_dir))
        if key.key_id != key_id:
            raise KeyUnavailable(f"key {key_id} was destroyed")
        return key

    def destroy(self, day_key: DayKey) -> bool:
        """Like destroy_day_key."""
        with self._lock:
            self._cache.pop(day_key.file(self._keys_dir), None)
        return destroy_day_key(self._keys_dir, day_key)

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


def day_keys(keys_dir: Path) -> Iterator[DayKey]:
    """Every wrapped key there is."""
    for path in sorted(keys_dir.glob("*/*.json")):
        day, _, purpose = path.stem.partition(".")
        with contextlib.suppress(ValueError):
            yield DayKey(path.parent.name, date.fromisoformat(day), purpose)


def evidence_key_file(keys_dir: Path, hold_id: int) -> Path:
    return keys_dir / _EVIDENCE / f"h{hold_id}.json"


def evidence_keys(keys_dir: Path) -> Iterator[int]:
    """The hold of every evidence key there is."""
    for path in sorted((keys_dir / _EVIDENCE).glob("h*.json")):
        if path.stem[1:].isdecimal():
            yield int(path.stem[1:])


def destroy_day_key(keys_dir: Path, day_key: DayKey) -> bool:
    """Crypto-shred: overwrite, sync, unlink, sync the directory. Needs no site key. False when there was none.

    Readers that have the key cached lose it at their next use. Raises OSError.
    """
    return _destroy(keys_dir, day_key.file(keys_dir))


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
