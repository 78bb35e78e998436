"""What a camera's surroundings look like, on disk: treated as footage, because homes stand in it.

`data_dir/references/<camera>.ref`: one line with a data key wrapped by the site key, then the content under that key
(AES-256-GCM, bound to the camera's id). It never lies there in plain, whatever `recorder.encrypt` says.
"""

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from vms.errors import KeyUnavailable, StorageError
from vms.keys import DataKey, unwrap_text, wrapped_text
from vms.site_key import KEY_BYTES, create_site_key, keys_lock, read_site_keys, replace_bytes

MAX_BYTES = 64 * 1024 * 1024
_NONCE_BYTES = 12
_SUFFIX = ".ref"


def reference_path(data_dir: Path, camera_id: str) -> Path:
    return data_dir / "references" / f"{camera_id}{_SUFFIX}"


def reference_files(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "references").glob(f"*{_SUFFIX}"))


def write_reference(data_dir: Path, site_key_file: Path, camera_id: str, content: bytes) -> None:
    """In place of the one before. Raises KeyUnavailable, StorageError."""
    create_site_key(site_key_file)
    key = DataKey(f"{camera_id}/reference/{secrets.token_hex(4)}", secrets.token_bytes(KEY_BYTES))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, content, camera_id.encode())
    try:
        with keys_lock(data_dir / "keys", exclusive=False):
            head = wrapped_text(key, read_site_keys(site_key_file)[0]).encode()
            _replace(reference_path(data_dir, camera_id), head + b"\n" + nonce + sealed)
    except OSError as error:
        raise KeyUnavailable(f"{data_dir / 'keys'}: {error.strerror}") from error


def read_reference(data_dir: Path, site_key_file: Path, camera_id: str) -> bytes | None:
    """None: there is none. Raises KeyUnavailable, StorageError."""
    path = reference_path(data_dir, camera_id)
    head, sealed = _parts(path)
    if not head:
        return None
    try:
        key = unwrap_text(path, head, read_site_keys(site_key_file))
        return AESGCM(key.secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], camera_id.encode())
    except InvalidUnwrap as error:
        raise KeyUnavailable(f"{path}: the site key does not open it") from error
    except (InvalidTag, ValueError) as error:
        raise StorageError(f"{path}: damaged; calibrate the camera again") from error


def forget_reference(data_dir: Path, camera_id: str) -> bool:
    """False: there was none. Raises StorageError."""
    path = reference_path(data_dir, camera_id)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageError(f"{path}: cannot remove it: {error.strerror}") from error
    return True


def rewrap_reference(path: Path, site_keys: list[bytes]) -> bool:
    """Under the first of these keys. False: it was already. Raises InvalidUnwrap, KeyUnavailable, StorageError."""
    head, sealed = _parts(path)
    if not head:
        return False
    try:
        unwrap_text(path, head, site_keys[:1])
    except InvalidUnwrap:
        key = unwrap_text(path, head, site_keys)
        _replace(path, wrapped_text(key, site_keys[0]).encode() + b"\n" + sealed)
        return True
    return False


def _parts(path: Path) -> tuple[bytes, bytes]:
    """Both empty: there is no such file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
    except FileNotFoundError:
        return b"", b""
    except OSError as error:
        raise StorageError(f"{path}: cannot read it: {error.strerror}") from error
    head, _, sealed = content.partition(b"\n")
    if not head or not sealed:
        raise StorageError(f"{path}: damaged; calibrate the camera again")
    return head, sealed


def _replace(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_bytes(path, content)
    except OSError as error:
        raise StorageError(f"{path}: cannot write it: {error.strerror}") from error
