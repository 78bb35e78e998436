"""Where files go that cannot be trusted: out of the way, not thrown away."""

import logging
from pathlib import Path

from recorder.disk import MountedVolume
from vms.durable import sync_directory
from vms.rules.layout import QUARANTINE

log = logging.getLogger(__name__)


def quarantine(volume: MountedVolume, path: Path) -> None:
    """Out of the way, not thrown away: <volume>/quarantine/<path with dashes>. A refused move is only logged."""
    target = volume.root / QUARANTINE / str(path.relative_to(volume.root)).replace("/", "--")
    try:
        target.parent.mkdir(exist_ok=True, mode=0o750)
        path.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        log.error("quarantine_failed", extra={"path": str(path), "detail": error.strerror})
