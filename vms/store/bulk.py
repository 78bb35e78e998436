"""Fill a catalog with rows that promise nothing, made inside the database: for `vms bench catalog` only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from vms.store import catalog
from vms.units import CameraId, us_from_utc

BULK_VOLUME = "00000000-0000-4000-8000-000000000000"
_MINUTE_US = 60_000_000
_DAY_US = 1440 * _MINUTE_US

_SERIES = {
    "sqlite": "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < :number)",
    "postgresql": "with n(i) as (select generate_series(0, cast(:number as integer) - 1))",
}
_SEGMENTS = """
insert into segment (camera_id, profile, volume_uuid, path, start_at, end_at, duration_90k, bytes, codec, width, height,
    sha256, prev_hash, chain_hash, key_id, sidecar_sha256, starts_run, lost_packets, purpose, state)
{series}
select {camera}, 'main', {volume}, {camera} || '/' || i || '.mp4', {start} + i * {minute}, {start} + (i + 1) * {minute},
    5400000, 30000000, 'avc1.64001f', 1920, 1080, {hash}, {hash}, {hash},
    {camera} || '/2026-01-01/00000000', null, false, 0, 'public_order', 'recorded'
from n
"""
_GAPS = """
insert into gap (camera_id, profile, start_at, end_at, reason, detail)
{series}
select {camera}, 'main', {start} + i * {day}, {start} + i * {day} + 1000000, 'stalled', '' from n
"""
_TYPED = {
    "camera": "cast(:camera as varchar(40))",
    "volume": "cast(:volume as varchar(36))",
    "hash": "cast(:hash as varchar(64))",
    "start": "cast(:start as bigint)",
    "minute": "cast(:minute as bigint)",
    "day": "cast(:day as bigint)",
}
"""PostgreSQL wants to know what a parameter is."""


@dataclass(frozen=True, slots=True)
class CatalogShape:
    """Every camera has one main segment a minute and one short gap a day."""

    cameras: int
    days: int

    @property
    def segments(self) -> int:
        return self.cameras * self.days * 1440


def bulk_camera(number: int) -> CameraId:
    return CameraId(f"cam-{number:03}")


def fill(tx: Session, shape: CatalogShape, start: datetime) -> None:
    catalog.register_volume(tx, BULK_VOLUME, "/bench", start)
    series = _SERIES[tx.get_bind().dialect.name]
    common = {"start": us_from_utc(start), "minute": _MINUTE_US, "volume": BULK_VOLUME, "hash": "0" * 64}
    for number in range(shape.cameras):
        camera = bulk_camera(number)
        minutes = {**common, "camera": camera, "number": shape.days * 1440}
        tx.execute(text(_SEGMENTS.format(series=series, **_TYPED)), minutes)
        days = {"start": us_from_utc(start), "day": _DAY_US, "camera": camera, "number": shape.days}
        tx.execute(text(_GAPS.format(series=series, **_TYPED)), days)


def analyze(tx: Session) -> None:
    """Statistics for the planner, as autovacuum keeps them on a running server."""
    tx.execute(text("analyze"))
