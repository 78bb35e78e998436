"""A new site key: all day keys, and those of secured evidence, are wrapped anew, while recording and playback go on.

The new key is put before the old one in the site key's file; from then on nothing is wrapped with the old one. Then
every day key is wrapped anew, one by one, and in the end the old key is taken out of the file. A rotation that was
interrupted goes on where it was when it is started again.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from vms.errors import KeyUnavailable
from vms.keys import DataKey, day_keys, evidence_key_file, evidence_keys, unwrap_text, wrapped_text
from vms.reference_file import reference_files, rewrap_reference
from vms.site_key import KEY_BYTES, keys_lock, read_site_keys, replace_file, replace_site_keys


@dataclass(frozen=True, slots=True)
class Rotation:
    """rewrapped: day keys now under the new key. locked: day keys that no site key opens, left as they are."""

    rewrapped: int
    locked: tuple[str, ...]


def rotate_site_key(keys_dir: Path, site_key_file: Path) -> Rotation:
    """Raises KeyUnavailable when the site key or a day key cannot be read or written; then both keys still open all."""
    try:
        with keys_lock(keys_dir, exclusive=True):
            keys = read_site_keys(site_key_file)
            if len(keys) == 1:  # else one was interrupted: finish it first, with the key it chose
                keys = [secrets.token_bytes(KEY_BYTES), keys[0]]
                replace_site_keys(site_key_file, keys)
        rewrapped, locked = 0, []
        paths = [day_key.file(keys_dir) for day_key in day_keys(keys_dir)]
        paths += [evidence_key_file(keys_dir, hold_id) for hold_id in evidence_keys(keys_dir)]
        for path in paths:
            with keys_lock(keys_dir, exclusive=True):
                try:
                    rewrapped += _rewrap(path, keys)
                except InvalidUnwrap:
                    locked.append(path.relative_to(keys_dir).with_suffix("").as_posix())
        for path in reference_files(keys_dir.parent):
            try:
                rewrapped += rewrap_reference(path, keys)
            except InvalidUnwrap:
                locked.append(path.name)
        with keys_lock(keys_dir, exclusive=True):
            replace_site_keys(site_key_file, keys[:1])
    except OSError as error:
        raise KeyUnavailable(f"{keys_dir}: {error.strerror}") from error
    return Rotation(rewrapped, tuple(locked))


def _rewrap(path: Path, keys: list[bytes]) -> bool:
    """Under the lock. False: destroyed meanwhile, or under the new key already. Raises InvalidUnwrap, OSError."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return False
    try:
        unwrap_text(path, text, keys[:1])
    except InvalidUnwrap:
        key: DataKey = unwrap_text(path, text, keys)
        replace_file(path, wrapped_text(key, keys[0]))
        return True
    return False
