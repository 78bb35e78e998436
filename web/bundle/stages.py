"""Where an export's videos wait for the zip, and how the zip gets its name.

A job of the web goes on after a restart, so what it finished is kept. A command does not: its files have no name, so
they are gone with the process, whatever ends it.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Protocol, Self

from vms.durable import sync_directory
from vms.site_key import replace_bytes

Finished = tuple[Path, dict[str, Any]]
"""A video, and what the manifest says of it."""

_NO_NAMELESS_FILES = (errno.EOPNOTSUPP, errno.EISDIR)


class Stage(Protocol):
    """Of one export. All raise OSError."""

    def finished(self, position: int, /) -> Finished | None:
        """Was it finished before a restart, and is it still what was measured then?"""

    def begin(self, position: int, /) -> Path:
        """The file to write that video to, for nobody else to read."""

    def keep(self, position: int, described: dict[str, Any], /) -> Path:
        """What was begun is whole. Where it is from now on."""

    def package(self, out: Path) -> AbstractContextManager[BinaryIO]:
        """A file that is `out`, safe on disk, when its block ends well."""


@dataclass(frozen=True, slots=True)
class KeptStage:
    """Each video in `directory` beside what the manifest says of it, so a restart goes on with the next."""

    directory: Path

    def finished(self, position: int) -> Finished | None:
        path = self._path(position, "mp4")
        try:
            known = json.loads(self._path(position, "json").read_bytes())
            with path.open("rb") as file:
                is_whole = hashlib.file_digest(file, "sha256").hexdigest() == known["sha256"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return (path, known) if is_whole else None

    def begin(self, position: int) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._path(position, "part")
        with part.open("wb"):
            part.chmod(0o600)
        return part

    def keep(self, position: int, described: dict[str, Any]) -> Path:
        path = self._path(position, "part").replace(self._path(position, "mp4"))
        replace_bytes(self._path(position, "json"), json.dumps(described).encode())
        return path

    def package(self, out: Path) -> AbstractContextManager[BinaryIO]:
        return _beside(out)

    def _path(self, position: int, suffix: str) -> Path:
        return self.directory / f"{position:03}.{suffix}"


@dataclass(slots=True)
class NamelessStage:
    """Use it in a `with`. directory: on whose disk the videos are. `out` must not be there yet.

    A disk that knows no files without a name (exFAT, NFS) has the zip as `<out>.part` while it is packed.
    """

    directory: Path
    _opened: ExitStack = field(default_factory=ExitStack)
    _videos: dict[int, Path] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def finished(self, _: int) -> Finished | None:
        return None

    def begin(self, position: int) -> Path:
        file = self._opened.enter_context(TemporaryFile(dir=self.directory, buffering=0))  # noqa: SIM115 – __exit__ closes it
        self._videos[position] = Path(f"/proc/self/fd/{file.fileno()}")
        return self._videos[position]

    def keep(self, position: int, _: dict[str, Any]) -> Path:
        return self._videos[position]

    def package(self, out: Path) -> AbstractContextManager[BinaryIO]:
        descriptor = _without_name(out.parent)
        return _beside(out) if descriptor is None else _named_at_last(descriptor, out)


def _without_name(directory: Path) -> int | None:
    """Unlike TemporaryFile's it can be given a name. None: this disk knows no such files."""
    try:
        return os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if error.errno not in _NO_NAMELESS_FILES:
            raise
        return None


@contextmanager
def _named_at_last(descriptor: int, out: Path) -> Iterator[BinaryIO]:
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(descriptor)
        # The directory is named only because Python then makes the call that follows the link below /proc.
        os.link(f"/proc/self/fd/{descriptor}", out, src_dir_fd=descriptor, follow_symlinks=True)
    sync_directory(out.parent)


@contextmanager
def _beside(out: Path) -> Iterator[BinaryIO]:
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            part.chmod(0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_directory(out.parent)
