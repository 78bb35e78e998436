"""A power cut: whatever was written and not synced is gone.

Below `root` every file is remembered as long as it was when it was last synced, by fsync or by syncfs, and so are the
names in a directory. `cut` puts files and names back to that. The harshest disk there can be: nothing reaches it
unasked.
"""

import os
from pathlib import Path

import pytest

from recorder import volume_sync


class PowerCut:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
        self._root = root
        self._sizes: dict[int, int] = {}
        self._names: dict[Path, int] = {}
        self._fsync, self._syncfs = os.fsync, volume_sync.syncfs
        monkeypatch.setattr(os, "fsync", self._on_fsync)
        monkeypatch.setattr(volume_sync, "syncfs", self._on_syncfs)
        self._note_all()

    def _files(self) -> list[Path]:
        return [path for path in self._root.rglob("*") if path.is_file()]

    def _note(self, path: Path) -> None:
        found = path.stat()
        self._sizes[found.st_ino] = found.st_size

    def _note_names(self, directory: Path) -> None:
        for path in [name for name in self._names if name.parent == directory]:
            del self._names[path]
        for path in directory.iterdir():
            if path.is_file():
                self._names[path] = path.stat().st_ino

    def _note_all(self) -> None:
        self._names = {path: path.stat().st_ino for path in self._files()}
        for path in self._names:
            self._note(path)

    def _on_fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not path.is_relative_to(self._root):
            return
        if path.is_dir():
            self._note_names(path)
            return
        self._note(path)

    def _on_syncfs(self, descriptor: int) -> None:
        self._syncfs(descriptor)
        self._note_all()

    def cut(self) -> None:
        inodes = {path.stat().st_ino: path for path in self._files()}
        for number, path in inodes.items():
            path.rename(path.with_name(f".{number}"))
        for path, number in self._names.items():
            if number in inodes:
                inodes[number].with_name(f".{number}").rename(path)
                os.truncate(path, self._sizes.get(number, 0))
        for number, path in inodes.items():
            path.with_name(f".{number}").unlink(missing_ok=True)
