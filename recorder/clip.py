"""Read footage back: `SegmentReader.open(segment)` gives the MP4 as it was muxed, decrypted while it is read."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.hazmat.primitives.ciphers import CipherContext

from recorder.poses import SidecarContent, parse_sidecar
from recorder.segment_format import SegmentHeader, cipher_at, read_header
from vms.errors import FootageMissing, KeyUnavailable, StorageError
from vms.keys import KeyRing
from vms.packet import PtzPose
from vms.rules.layout import sidecar_path
from vms.units import CameraId
from vms.volume import mounted

_BUFFER_BYTES = 256 * 1024
_MAX_SIDECAR_BYTES = 16 * 1024 * 1024


class StoredSegment(Protocol):
    """What it takes to find and open a file: a catalog Segment or NewSegment."""

    @property
    def camera_id(self) -> CameraId: ...
    @property
    def volume_uuid(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def key_id(self) -> str | None: ...


class SegmentReader:
    """Opens segments wherever their volume is mounted now. Thread-safe; what it opens is not.

    keys: None only where nothing is encrypted; an encrypted segment then raises KeyUnavailable.
    """

    def __init__(self, volume_roots: Sequence[Path], keys: KeyRing | None) -> None:
        self._roots = tuple(volume_roots)
        self._keys = keys
        self._volumes = mounted(self._roots)

    def open(self, segment: StoredSegment, buffer_bytes: int = _BUFFER_BYTES) -> BinaryIO:
        """Seekable and buffered, position 0 = first byte of the MP4; the caller closes it.

        buffer_bytes: small for who reads little here and there, as sample tables.
        Raises FootageMissing (no such file, or volume not mounted), KeyUnavailable, StorageError (damaged).
        """
        file = self._open_raw(self._locate(segment, segment.path))
        try:
            header, offset = read_header(file)
            secret = self._secret(segment, header)
            return io.BufferedReader(content_of(file, offset, secret, header), buffer_bytes)
        except BaseException:
            file.close()
            raise

    def file_size(self, segment: StoredSegment) -> int:
        """Bytes that `open` gives until its end: the MP4 without our header. Raises like `open`."""
        path = self._locate(segment, segment.path)
        with self._open_raw(path) as file:
            _, offset = read_header(file)
            return file.seek(0, io.SEEK_END) - offset

    def file_path(self, segment: StoredSegment) -> Path:
        """Where the file lies now, if it does. Raises FootageMissing when its volume is not mounted."""
        return self._locate(segment, segment.path)

    def poses(self, segment: StoredSegment) -> list[PtzPose]:
        """Of the sidecar, by time; the first one held when the segment began. Empty when the camera cannot turn.

        Raises FootageMissing, StorageError like `sidecar`.
        """
        return list(self.sidecar(segment).poses)

    def sidecar(self, segment: StoredSegment) -> SidecarContent:
        """Nothing when the camera cannot turn. Raises FootageMissing, StorageError when it is damaged."""
        path = self._locate(segment, sidecar_path(segment.path))
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_SIDECAR_BYTES)
        except FileNotFoundError:
            return SidecarContent((), ())
        except OSError as error:
            raise StorageError(f"{path.name}: cannot read it: {error.strerror}") from error
        try:
            return parse_sidecar(segment.camera_id, content)
        except (ValueError, TypeError) as error:
            raise StorageError(f"{path.name}: damaged") from error

    def _secret(self, segment: StoredSegment, header: SegmentHeader) -> bytes | None:
        if header.key_id != segment.key_id:
            raise StorageError(f"{segment.path}: encrypted under another key than the catalog says")
        if segment.key_id is None:
            return None
        if self._keys is None:
            raise KeyUnavailable(f"no key ring to open {segment.key_id} with")
        return self._keys.find(segment.key_id).secret

    def _locate(self, segment: StoredSegment, relative: str) -> Path:
        root = self._volumes.get(segment.volume_uuid)
        if root is None or not root.exists():
            self._volumes = mounted(self._roots)
            root = self._volumes.get(segment.volume_uuid)
        if root is None:
            raise FootageMissing(f"volume {segment.volume_uuid} is not mounted")
        path = (root / relative).resolve()
        if not path.is_relative_to(root.resolve()):
            raise FootageMissing(f"{relative!r} lies outside its volume")
        return path

    @staticmethod
    def _open_raw(path: Path) -> BinaryIO:
        try:
            return path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise FootageMissing(f"{path.name} is not on disk") from error
        except OSError as error:
            raise StorageError(f"{path.name}: cannot open it: {error.strerror}") from error


def content_of(file: BinaryIO, offset: int, secret: bytes | None, header: SegmentHeader) -> io.RawIOBase:
    """The MP4 within an open, unbuffered segment file, which it then owns."""
    return _Content(file, offset, secret, header.nonce or "")


class _Content(io.RawIOBase):
    """The content of an open segment file, decrypted. Owns the file."""

    def __init__(self, file: BinaryIO, offset: int, secret: bytes | None, nonce: str) -> None:
        self._file = file
        self._offset = offset
        self._secret = secret
        self._nonce = nonce
        self._position = 0
        self._cipher: CipherContext | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size()}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        if base + offset != self._position:
            self._position = base + offset
            self._cipher = None
            self._file.seek(self._offset + self._position)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        if self._secret is not None:
            if self._cipher is None:
                self._cipher = cipher_at(self._secret, self._nonce, self._position)
            data = self._cipher.update(data)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _size(self) -> int:
        size = self._file.seek(0, io.SEEK_END) - self._offset
        self._file.seek(self._offset + self._position)
        return size
