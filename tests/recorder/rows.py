"""Catalog rows without footage, for tests of what carries them."""

from datetime import UTC, datetime, timedelta

from vms.store.catalog import NewSegment
from vms.units import CameraId

T0 = datetime(2026, 11, 18, 11, 0, 0, 123457, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
VOLUME = "8e1f5a5e-2f0b-4c63-9f0e-0d9f3a1c7b11"


def row(number: int, camera: str = "markt-01") -> NewSegment:
    """The number-th minute of a camera."""
    start = T0 + number * MINUTE
    return NewSegment(
        camera_id=CameraId(camera),
        profile="sub",
        volume_uuid=VOLUME,
        path=f"{camera}/{number}.mp4",
        start_at=start,
        end_at=start + MINUTE,
        duration_90k=60 * 90_000,
        bytes=1000 + number,
        codec="avc1.64001f",
        width=640,
        height=360,
        sha256=f"{number:064x}",
        key_id=None,
        sidecar_sha256=None,
        starts_run=number == 0,
    )
