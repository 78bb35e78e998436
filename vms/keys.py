"""Keys of footage at rest: one data key per camera and day (UTC), wrapped by the site key.

A wrapped key lies in `<keys_dir>/<camera>/<YYYY-MM-DD>.json`; destroying that file makes all footage of that camera
and day unreadable (crypto-shredding). The site key is 32 random bytes, in hexadecimal on the first line of its
file. A key that is missing, wrong or destroyed is KeyUnavailable: nothing is ever written or read in plain instead.
"""

import base64
import binascii
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

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from vms.errors import KeyUnavailable

KEY_BYTES = 32
_MAX_KEY_FILE_BYTES = 4096
_KEY_ID = re.compile(r"([a-z0-9][a-z0-9-]{0,39})/(\d{4}-\d{2}-\d{2})/([0-9a-f]{8})")


def parse_key_id(key_id: str) -> tuple[str, date]:
    """(camera, day) of a key id. Raises KeyUnavailable."""
    parts = _KEY_ID.fullmatch(key_id)
    if parts is None:
        raise KeyUnavailable(f"malformed key id {key_id!r}")
    return parts[1], date.fromisoformat(parts[2])


@dataclass(frozen=True, slots=True)
class DataKey:
    """key_id: camera/day/random; names the key in the catalog and in the file's header."""

    key_id: str
    secret: bytes = field(repr=False)


def create_site_key(path: Path) -> None:
    """Make a new site key; keeps one that exists. Raises KeyUnavailable when it cannot be written."""
    try:
        _write_once(path, secrets.token_hex(KEY_BYTES) + "\n")
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot create the site key: {error.strerror}") from error


class KeyRing:
    """Thread-safe. Opens wrapped keys on demand and forgets them as soon as their file is gone.

    Raises KeyUnavailable when the site key cannot be read.
    """

    def __init__(self, keys_dir: Path, site_key_file: Path) -> None:
        self._keys_dir = keys_dir
        self._site_key = _read_site_key(site_key_file)
        self._lock = threading.Lock()
        self._cache: dict[Path, tuple[int, DataKey]] = {}

    def data_key(self, camera_id: str, day: date) -> DataKey:
        """The key to write this camera's footage of that day with; made at the first call of the day."""
        path = self._path(camera_id, day)
        if not path.exists():
            self._create(path, camera_id, day)
        return self._load(path)

    def find(self, key_id: str) -> DataKey:
        """The key that a segment names."""
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
        return _key_file(self._keys_dir, camera_id, day)

    def _create(self, path: Path, camera_id: str, day: date) -> None:
        content = {
            "v": 1,
            "key_id": f"{camera_id}/{day.isoformat()}/{secrets.token_hex(4)}",
            "wrap": "AES-256-KW",
            "wrapped": base64.b64encode(aes_key_wrap(self._site_key, secrets.token_bytes(KEY_BYTES))).decode(),
        }
        try:
            _write_once(path, json.dumps(content))
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
                key = self._unwrap(path, file.read(_MAX_KEY_FILE_BYTES))
        except OSError as error:
            with self._lock:
                self._cache.pop(path, None)
            raise KeyUnavailable(f"{path}: data key missing or destroyed ({error.strerror})") from error
        with self._lock:
            self._cache[path] = (written_ns, key)
        return key

    def _unwrap(self, path: Path, text: bytes) -> DataKey:
        try:
            content = json.loads(text)
            wrapped = base64.b64decode(content["wrapped"], validate=True)
            return DataKey(str(content["key_id"]), aes_key_unwrap(self._site_key, wrapped))
        except InvalidUnwrap as error:
            raise KeyUnavailable(f"{path}: the site key does not open this data key") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyUnavailable(f"{path}: damaged data key") from error


def _key_file(keys_dir: Path, camera_id: str, day: date) -> Path:
    return keys_dir / camera_id / f"{day.isoformat()}.json"


def day_keys(keys_dir: Path) -> Iterator[tuple[str, date]]:
    """(camera, day) of every wrapped key there is."""
    for path in sorted(keys_dir.glob("*/*.json")):
        with contextlib.suppress(ValueError):
            yield path.parent.name, date.fromisoformat(path.stem)


def destroy_day_key(keys_dir: Path, camera_id: str, day: date) -> bool:
    """Crypto-shred: overwrite, sync, unlink, sync the directory. Needs no site key. False when there was none.

    Readers that have the key cached lose it at their next use. Raises OSError.
    """
    path = _key_file(keys_dir, camera_id, day)
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    _sync_directory(path.parent)
    return True


def _read_site_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            first_line = file.read(_MAX_KEY_FILE_BYTES).split(b"\n", 1)[0].strip()
        key = binascii.unhexlify(first_line)
    except OSError as error:
        raise KeyUnavailable(f"{path}: cannot read the site key: {error.strerror}") from error
    except binascii.Error as error:
        raise KeyUnavailable(f"{path}: not a site key; it must be {2 * KEY_BYTES} hexadecimal digits") from error
    if len(key) != KEY_BYTES:
        raise KeyUnavailable(f"{path}: a site key has {2 * KEY_BYTES} hexadecimal digits")
    return key


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, synced, mode 0600; whoever comes second leaves the first one's file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
