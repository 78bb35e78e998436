"""A volume of footage is known by the uuid in its marker file, not by its path: a missing mount has no marker."""

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from vms.errors import StorageError


class VolumeNotMounted(StorageError):
    """There is no marker: the volume is not mounted, or was never prepared."""


MARKER_NAME = ".uitkijk-volume"
_MAX_MARKER_BYTES = 4096


def read_marker(root: Path) -> str:
    """The volume's uuid. Raises StorageError: not mounted, or no volume of ours."""
    marker = root / MARKER_NAME
    try:
        with marker.open("rb") as file:
            content = json.loads(file.read(_MAX_MARKER_BYTES))
        return str(uuid.UUID(content["uuid"]))
    except FileNotFoundError as error:
        raise VolumeNotMounted(f"{root}: no {MARKER_NAME}; the volume is not mounted, or was never prepared") from error
    except OSError as error:
        raise StorageError(f"{marker}: cannot read it: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"{marker}: damaged; restore it from the volume table of the database") from error


def create_marker(root: Path, created_at: datetime) -> str:
    """Prepare an empty directory as a volume, or return the uuid that another process gave it just now.

    Raises StorageError: it holds other files, or cannot be written.
    """
    volume_uuid = str(uuid.uuid4())
    text = json.dumps({"uuid": volume_uuid, "created_at": created_at.isoformat()})
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o750)
        if foreign := _foreign_entries(root):
            raise StorageError(f"{root}: holds {foreign[0]!r} and no {MARKER_NAME}; give an empty directory")
        temporary = root / f"{MARKER_NAME}.{volume_uuid}"
        temporary.write_text(text, encoding="utf-8")
        try:
            (root / MARKER_NAME).hardlink_to(temporary)
        except FileExistsError:
            return read_marker(root)
        finally:
            temporary.unlink()
    except OSError as error:
        raise StorageError(f"{root}: cannot be prepared as a volume: {error.strerror}") from error
    return volume_uuid


def _foreign_entries(root: Path) -> list[str]:
    return [entry.name for entry in root.iterdir() if not entry.name.startswith((MARKER_NAME, "lost+found"))]


def mounted(roots: Iterable[Path]) -> dict[str, Path]:
    """uuid → path of those that can be read now."""
    found: dict[str, Path] = {}
    for root in roots:
        try:
            found[read_marker(root)] = root
        except StorageError:
            continue
    return found
