"""`vms bench catalog`: what the catalog's daily questions cost as it grows to a city's month."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import JsonOption, answer
from vms.clock import Clock, SystemClock
from vms.errors import ConfigError
from vms.log import redact
from vms.store import Store, catalog
from vms.store.bulk import BULK_VOLUME, CatalogShape, analyze, bulk_camera, fill
from vms.store.catalog import NewSegment

SHAPES = {30_240: CatalogShape(7, 3), 298_080: CatalogShape(23, 9), 3_196_800: CatalogShape(74, 30)}
"""74 cameras × 30 days, and two smaller sites with whole days too, so that one camera-day always means the same."""
_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SEGMENTS_A_DAY = 1440
_SEGMENTS_TO_EXPIRE = _SEGMENTS_A_DAY
_EXPIRE_BATCH = 50
_ROUNDS = 30
_INSERTS = 300


@dataclass(frozen=True, slots=True)
class CatalogFigure:
    """Least of several rounds, in milliseconds: coverage of a camera-day, next segment, one insert with its commit, and
    selecting and marking a camera-day's worth of the oldest segments. fill_s: making the rows."""

    segments: int
    fill_s: float
    coverage_ms: float
    next_ms: float
    insert_ms: float
    expire_ms: float


def bench_catalog(
    sizes: Annotated[
        str, typer.Option(help="Numbers of segments, with commas; of " + ", ".join(map(str, SHAPES)) + ".")
    ] = ",".join(map(str, SHAPES)),
    url: Annotated[
        str, typer.Option(help="An empty PostgreSQL database, postgresql+psycopg://…; default: SQLite files.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Fill a catalog with rows and time its questions at each size. With --url give one size per empty database."""
    shapes = _shapes(sizes)
    if url and len(shapes) > 1:
        raise ConfigError(["--url takes one --sizes at a time: each needs a database without rows"])
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
        figures = [_measure(url or f"sqlite:///{directory}/{shape.segments}.db", shape) for shape in shapes]
    growth = _growth(figures)
    document = {"database": redact(url) or "sqlite", "figures": [asdict(f) for f in figures], "growth": growth}
    lines = [
        f"{f.segments:9,} segments  coverage {f.coverage_ms:7.2f} ms  next {f.next_ms:6.2f} ms"
        f"  insert {f.insert_ms:6.2f} ms  expire {f.expire_ms:8.1f} ms  (filled in {f.fill_s:.0f} s)"
        for f in figures
    ]
    lines += [f"growth of {name}, smallest to largest: {ratio:g} ×" for name, ratio in growth.items()]
    answer(document, lines, as_json=as_json)


def _shapes(sizes: str) -> list[CatalogShape]:
    try:
        return [SHAPES[int(size)] for size in sizes.split(",")]
    except (ValueError, KeyError) as error:
        raise ConfigError([f"--sizes {sizes}: choose from {', '.join(map(str, SHAPES))}"]) from error


def _growth(figures: Sequence[CatalogFigure]) -> dict[str, float]:
    if len(figures) < 2:
        return {}
    first, last = figures[0], figures[-1]
    names = ("coverage_ms", "next_ms", "insert_ms", "expire_ms")
    return {name: round(getattr(last, name) / max(getattr(first, name), 0.001), 2) for name in names}


def _measure(url: str, shape: CatalogShape) -> CatalogFigure:
    clock = SystemClock()
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    store = Store(url)
    try:
        store.migrate()
        started_s = clock.monotonic_s()
        with store.transaction() as tx:
            fill(tx, shape, _START)
        if not store.is_sqlite:
            with store.transaction() as tx:
                analyze(tx)
        fill_s = clock.monotonic_s() - started_s
        return CatalogFigure(
            shape.segments,
            round(fill_s, 1),
            _least_ms(clock, _ROUNDS, lambda n: _coverage(store, shape, n)),
            _least_ms(clock, _ROUNDS, lambda n: _next(store, shape, n)),
            _least_ms(clock, _INSERTS, lambda n: _insert(store, shape, n)),
            _least_ms(clock, 3, lambda _: _expire(store, shape)),
        )
    finally:
        store.close()


def _least_ms(clock: Clock, rounds: int, work: Callable[[int], None]) -> float:
    """Of many rounds the least disturbed one: the machine may have other work. The first warms up."""
    taken_ms = []
    for number in range(rounds + 1):
        started_s = clock.monotonic_s()
        work(number)
        taken_ms.append(1000 * (clock.monotonic_s() - started_s))
    return round(min(taken_ms[1:]), 3)


def _coverage(store: Store, shape: CatalogShape, number: int) -> None:
    start = _START + (number % shape.days) * _DAY
    with store.reading() as tx:
        seen = catalog.coverage(tx, bulk_camera(number % shape.cameras), "main", start, start + _DAY)
    assert len(seen.segments) == _SEGMENTS_A_DAY


def _next(store: Store, shape: CatalogShape, number: int) -> None:
    at = _START + (number % shape.days) * _DAY + timedelta(hours=7, seconds=number)
    with store.reading() as tx:
        assert catalog.next_segment(tx, bulk_camera(number % shape.cameras), "main", at) is not None


def _insert(store: Store, shape: CatalogShape, number: int) -> None:
    start = _START + shape.days * _DAY + number * timedelta(minutes=1)
    new = replace(_NEW, camera_id=bulk_camera(number % shape.cameras), path=f"bench/{number}.mp4", start_at=start)
    with store.transaction() as tx:
        catalog.add(tx, replace(new, end_at=start + timedelta(minutes=1)))


def _expire(store: Store, shape: CatalogShape) -> None:
    """As retention does it: oldest first, planned on a read, marked in small transactions."""
    with store.reading() as tx:
        oldest = catalog.expired(tx, _START + shape.days * _DAY, _SEGMENTS_TO_EXPIRE)
    for first in range(0, len(oldest), _EXPIRE_BATCH):
        with store.transaction() as tx:
            for segment in oldest[first : first + _EXPIRE_BATCH]:
                catalog.set_state(tx, segment.id, "purging")
    for first in range(0, len(oldest), _EXPIRE_BATCH):
        with store.transaction() as tx:
            for segment in oldest[first : first + _EXPIRE_BATCH]:
                catalog.set_state(tx, segment.id, "purged")


_NEW = NewSegment(
    camera_id=bulk_camera(0),
    profile="main",
    volume_uuid=BULK_VOLUME,
    path="",
    start_at=_START,
    end_at=_START,
    duration_90k=5_400_000,
    bytes=30_000_000,
    codec="avc1.64001f",
    width=1920,
    height=1080,
    sha256="0" * 64,
    key_id=None,
    sidecar_sha256=None,
    starts_run=False,
)
