"""Where a segment lies on its volume. The path alone tells camera, stream and time, also without a database.

`<camera>/<YYYY-MM-DD>/<HH>/<YYYYMMDD>T<HHMMSS.ffffff>Z-<profile>.mp4`, all UTC; the pose sidecar beside it ends in
`.poses.jsonl`, an unfinished file in `.part`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from vms.units import CameraId, Profile

SEGMENT_SUFFIX = ".mp4"
POSES_SUFFIX = ".poses.jsonl"
PART_SUFFIX = ".part"
COPY_SUFFIX = ".copy"
"""Of a `.part` that is being written anew after a failed fsync; a crash may leave it behind."""
QUARANTINE = "quarantine"
"""Directory of a volume for files that could not be read; their path's slashes became dashes."""
_NAME = re.compile(
    r"(?P<quarantine>quarantine/)?(?P<camera>[a-z0-9][a-z0-9-]{0,39})[/-]\d{4}-\d{2}-\d{2}[/-]\d{2}[/-]"
    r"(?P<at>\d{8}T\d{6}\.\d{6})Z-(?P<profile>main|sub)(?P<suffix>\.mp4|\.poses\.jsonl|\.mp4\.part(\.copy)?|\.poses\.jsonl\.part)"
)


@dataclass(frozen=True, slots=True)
class StoredName:
    camera_id: CameraId
    profile: Profile
    start_at: datetime
    suffix: str
    is_quarantined: bool


def segment_path(camera_id: CameraId, profile: Profile, start_at: datetime) -> str:
    """Relative to the volume. start_at: aware."""
    at = start_at.astimezone(UTC)
    return f"{camera_id}/{at:%Y-%m-%d}/{at:%H}/{at:%Y%m%dT%H%M%S.%f}Z-{profile}{SEGMENT_SUFFIX}"


def sidecar_path(path: str) -> str:
    """The pose sidecar of a segment's (final) path."""
    return path.removesuffix(SEGMENT_SUFFIX) + POSES_SUFFIX


def segment_of(path: str) -> str:
    """The finished segment's path that this file (a sidecar, an unfinished one) belongs to."""
    return (
        path.removesuffix(COPY_SUFFIX).removesuffix(PART_SUFFIX).removesuffix(POSES_SUFFIX).removesuffix(SEGMENT_SUFFIX)
        + SEGMENT_SUFFIX
    )


def parse_path(path: str) -> StoredName | None:
    """None for a file that is not ours: leave it alone, and say so."""
    match = _NAME.fullmatch(path)
    if match is None or bool(match["quarantine"]) is (path.count("/") > 1):
        return None
    try:
        at = datetime.strptime(match["at"], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    profile: Profile = "main" if match["profile"] == "main" else "sub"
    return StoredName(CameraId(match["camera"]), profile, at, match["suffix"], bool(match["quarantine"]))
