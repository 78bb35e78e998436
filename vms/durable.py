"""What makes a change of names on disk survive a power cut."""

import os
from pathlib import Path


def sync_directory(path: Path) -> None:
    """After a file in it was made, renamed or removed. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
