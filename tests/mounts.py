"""Real mounts for tests, where the machine lets us make them. A test that cannot have one is skipped, and says so."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Mounts:
    """Everything mounted here is unmounted at the end, whatever happened."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []

    def tmpfs(self, at: Path, options: str) -> Path:
        """A small file system of its own: options like `size=16m,nr_inodes=100`."""
        at.mkdir(parents=True, exist_ok=True)
        self._mount(at, "-t", "tmpfs", "-o", options, "tmpfs", str(at))
        return at

    def bind(self, disk: Path, at: Path) -> Path:
        """`disk` plays the device: its content stays when it is unmounted from `at`."""
        disk.mkdir(parents=True, exist_ok=True)
        at.mkdir(parents=True, exist_ok=True)
        self._mount(at, "--bind", str(disk), str(at))
        return at

    def read_only(self, at: Path, *, on: bool) -> None:
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", str(at))

    def unmount(self, at: Path) -> None:
        """As a disk that is pulled: open files do not keep it."""
        _run("umount", "--lazy", str(at))
        self._mounted.remove(at)

    def close(self) -> None:
        for at in reversed(self._mounted):
            subprocess.run(["umount", "--lazy", str(at)], check=False)

    def _mount(self, at: Path, *arguments: str) -> None:
        if os.geteuid() != 0:
            pytest.skip("mounting needs root")
        try:
            _run("mount", *arguments)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no mount here: {error.stderr.strip()}")
        self._mounted.append(at)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)


@contextmanager
def real_mounts() -> Iterator[Mounts]:
    mounts = Mounts()
    try:
        yield mounts
    finally:
        mounts.close()
