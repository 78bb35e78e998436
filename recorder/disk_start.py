"""What a capture process must know before it records, from the disk alone: for a start while the database is away."""

import logging
from collections.abc import Sequence
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.recovery import Recovery, newest_hour, segment_files
from vms.errors import StorageError
from vms.rules.layout import PART_SUFFIX, parse_path
from vms.units import CameraId, Profile

log = logging.getLogger(__name__)


def last_end_us(
    recovery: Recovery, volumes: Sequence[MountedVolume], camera_id: CameraId, profile: Profile
) -> int | None:
    """Where the stream's newest footage ends; None when there is none."""
    ends = [_newest_end_us(recovery, volume.root, camera_id, profile) for volume in volumes]
    return max((end for end in ends if end is not None), default=None)


def _newest_end_us(recovery: Recovery, root: Path, camera_id: CameraId, profile: Profile) -> int | None:
    newest: Path | None = None
    for path in segment_files(root, camera_id, newest_hour(root, camera_id)):
        name = parse_path(str(path.relative_to(root)))
        if name is not None and name.profile == profile and not path.name.endswith(PART_SUFFIX):
            newest = path
    if newest is None:
        return None
    try:
        return recovery.end_us(newest)
    except StorageError:
        return newest.stat().st_mtime_ns // 1000
