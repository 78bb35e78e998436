"""Fill a catalog with rows that promise nothing, made inside the database: for `vms bench catalog` only."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from vms.store import Store, catalog
from vms.units import CameraId, us_from_utc

BULK_VOLUME = "00000000-0000-4000-8000-000000000000"
_MINUTE_US = 60_000_000
_DAY_US = 1440 * _MINUTE_US

_SERIES = {
    "sqlite": """
with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < :number),
    c(j) as (select 0 union all select j + 1 from c where j + 1 < :cameras),
    m(i, camera) as (select i, printf('cam-%03d', j) from n cross join c)""",
    "postgresql": """
with m(i, camera) as (
    select i, 'cam-' || lpad(cast(j as varchar), 3, '0')
    from generate_series(0, cast(:number as integer) - 1) n(i), generate_series(0, cast(:cameras as integer) - 1) c(j)
    order by i, j)""",
}
"""m: every camera at every i, in the order in which cameras that record side by side make their rows."""
_SEGMENTS = """
insert into segment (camera_id, profile, volume_uuid, path, start_at, end_at, duration_90k, bytes, codec, width, height,
    sha256, prev_hash, chain_hash, key_id, sidecar_sha256, starts_run, lost_packets, purpose, state)
{series}
select camera, 'main', {volume}, camera || '/' || i || '.mp4', {start} + i * {minute}, {start} + (i + 1) * {minute},
    5400000, 30000000, 'avc1.64001f', 1920, 1080, {hash}, {hash}, {hash},
    camera || '/2026-01-01/00000000', null, false, 0, 'public_order', 'recorded'
from m
"""
_GAPS = """
insert into gap (camera_id, profile, start_at, end_at, reason, detail)
{series}
select camera, 'main', {start} + i * {day}, {start} + i * {day} + 1000000, 'stalled', '' from m
"""
_TYPED = {
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
    common = {"start": us_from_utc(start), "cameras": shape.cameras}
    minutes = {"minute": _MINUTE_US, "volume": BULK_VOLUME, "hash": "0" * 64, "number": shape.days * 1440}
    tx.execute(text(_SEGMENTS.format(series=series, **_TYPED)), {**common, **minutes})
    tx.execute(text(_GAPS.format(series=series, **_TYPED)), {**common, "day": _DAY_US, "number": shape.days})


@contextmanager
def scratch(url: str, name: str) -> Iterator[Store]:
    """A store without rows: in a schema of its own on PostgreSQL, which goes at the end; url: of any database."""
    with ExitStack() as stack:
        if make_url(url).get_backend_name() == "postgresql":
            url = stack.enter_context(_schema(url, f"uitkijk_bench_{name}"))
        store = Store(url)
        stack.callback(store.close)
        store.migrate()
        yield store


@contextmanager
def _schema(url: str, name: str) -> Iterator[str]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"create schema {name}"))
        try:
            yield make_url(url).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"drop schema {name} cascade"))
    finally:
        engine.dispose()


def settle(store: Store) -> None:
    """Statistics for the planner and the map of old rows, as autovacuum keeps them on a running server."""
    if store.is_sqlite:
        return
    engine = create_engine(store.url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text("vacuum analyze"))
    finally:
        engine.dispose()
