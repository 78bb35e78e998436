"""`vms bench catalog`: what the catalog's daily questions cost as it grows to a city's month."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from retention.purger import BATCH_SEGMENTS
from vms.cli.options import JsonOption, answer
from vms.clock import Clock, SystemClock
from vms.errors import ConfigError
from vms.log import redact
from vms.store import Store, catalog, holds, ledger
from vms.store.bulk import BULK_VOLUME, CatalogShape, bulk_camera, fill, scratch, settle
from vms.store.catalog import NewSegment
from vms.store.spans import gap_spans, segment_spans
from vms.units import us_from_utc

SHAPES = {30_240: CatalogShape(7, 3), 298_080: CatalogShape(23, 9), 3_196_800: CatalogShape(74, 30)}
"""74 cameras × 30 days, and two smaller sites with whole days too, so that one camera-day always means the same."""
_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SEGMENTS_A_DAY = 1440
_SEGMENTS_TO_EXPIRE = _SEGMENTS_A_DAY
_ROUNDS = 30
_INSERTS = 300
_EXPIRIES = 3


@dataclass(frozen=True, slots=True)
class CatalogFigure:
    """Least of several rounds, in milliseconds: what became of a camera-day, its segments with all that is known of
    them, the next segment, one insert with its commit, and purging a camera-day's worth of the oldest segments with its
    ledger (but no files). fill_s: making the rows."""

    segments: int
    fill_s: float
    coverage_ms: float
    footage_ms: float
    next_ms: float
    insert_ms: float
    expire_ms: float


@dataclass(frozen=True, slots=True)
class _Filled:
    store: Store
    shape: CatalogShape
    fill_s: float


Question = Callable[[Store, CatalogShape, int], None]


def bench_catalog(
    sizes: Annotated[
        str, typer.Option(help="Numbers of segments, with commas; of " + ", ".join(map(str, SHAPES)) + ".")
    ] = ",".join(map(str, SHAPES)),
    url: Annotated[
        str, typer.Option(help="A PostgreSQL database, postgresql+psycopg://…, used in schemas of its own.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Fill catalogs with rows and time their questions at each size, in turns, so that other work meets all alike."""
    shapes = _shapes(sizes)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory, ExitStack() as stack:
        filled = []
        for shape in shapes:
            file = f"sqlite:///{directory}/{shape.segments}.db"
            store = stack.enter_context(scratch(url or file, str(shape.segments)))
            filled.append(_fill(store, shape, clock))
        figures = _measure(filled, clock)
    growth = _growth(figures)
    document = {"database": redact(url) or "sqlite", "figures": [asdict(f) for f in figures], "growth": growth}
    lines = [
        f"{f.segments:9,} segments  coverage {f.coverage_ms:7.2f} ms  footage {f.footage_ms:7.2f} ms"
        f"  next {f.next_ms:6.2f} ms  insert {f.insert_ms:6.2f} ms  expire {f.expire_ms:8.1f} ms"
        f"  (filled in {f.fill_s:.0f} s)"
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
    return {name: round(getattr(last, name) / max(getattr(first, name), 0.001), 2) for name in _QUESTIONS}


def _fill(store: Store, shape: CatalogShape, clock: Clock) -> _Filled:
    started_s = clock.monotonic_s()
    with store.transaction() as tx:
        fill(tx, shape, _START)
    settle(store)
    return _Filled(store, shape, round(clock.monotonic_s() - started_s, 1))


def _measure(filled: Sequence[_Filled], clock: Clock) -> list[CatalogFigure]:
    rounds = {"insert_ms": _INSERTS, "expire_ms": _EXPIRIES}
    taken_ms = {name: _least_ms(clock, filled, ask, rounds.get(name, _ROUNDS)) for name, ask in _QUESTIONS.items()}
    return [
        CatalogFigure(one.shape.segments, one.fill_s, **{name: taken_ms[name][number] for name in _QUESTIONS})
        for number, one in enumerate(filled)
    ]


def _least_ms(clock: Clock, filled: Sequence[_Filled], ask: Question, rounds: int) -> list[float]:
    """Of each size, the least disturbed of many rounds. The first warms up."""
    least_ms = [float("inf")] * len(filled)
    for number in range(rounds + 1):
        for at, one in enumerate(filled):
            started_s = clock.monotonic_s()
            ask(one.store, one.shape, number)
            if number:
                least_ms[at] = min(least_ms[at], 1000 * (clock.monotonic_s() - started_s))
    return [round(taken_ms, 3) for taken_ms in least_ms]


def _coverage(store: Store, shape: CatalogShape, number: int) -> None:
    """What a bar on the technician's page is drawn from."""
    start = _START + (number % shape.days) * _DAY
    start_us, end_us = us_from_utc(start), us_from_utc(start + _DAY)
    with store.reading() as tx:
        seen = segment_spans(tx, bulk_camera(number % shape.cameras), "main", start_us, end_us)
        gap_spans(tx, bulk_camera(number % shape.cameras), "main", start_us, end_us)
    assert len(seen) == _SEGMENTS_A_DAY


def _footage(store: Store, shape: CatalogShape, number: int) -> None:
    """What a player gets."""
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


def _expire(store: Store, shape: CatalogShape, _: int) -> None:
    """As retention does it: oldest first, planned on a read, then intent and done in small transactions."""
    now = _START + shape.days * _DAY
    with store.reading() as tx:
        oldest = catalog.expired(tx, now, _SEGMENTS_TO_EXPIRE)
    for first in range(0, len(oldest), BATCH_SEGMENTS):
        batch = oldest[first : first + BATCH_SEGMENTS]
        ids = [segment.id for segment in batch]
        with store.transaction() as tx:
            holds.active(tx)
            catalog.set_states(tx, ids, "purging")
            ledger.append(tx, now, "intent", None, {"reason": "expired", "segments": ids})
        with store.transaction() as tx:
            catalog.set_states(tx, ids, "purged")
            facts = [{"id": s.id, **catalog.footage_facts(s), "chain_hash": s.chain_hash} for s in batch]
            ledger.append(tx, now, "done", None, {"segments": facts})


_QUESTIONS: dict[str, Question] = {
    "coverage_ms": _coverage,
    "footage_ms": _footage,
    "next_ms": _next,
    "insert_ms": _insert,
    "expire_ms": _expire,
}

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
