"""What a volume holds and gets per day, counted for the forecast."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sqlite import migrated_sqlite
from vms.rules.disk_forecast import SECONDS_PER_DAY
from vms.store import Store, catalog, holds
from vms.store.catalog import NewSegment
from vms.store.holds import NewHold
from vms.store.written import PastDays, count_written
from vms.units import CameraId

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    store = Store(migrated_sqlite(tmp_path / "u.db"))
    with store.transaction() as tx:
        for uuid in ("vol-1", "vol-2"):
            catalog.register_volume(tx, uuid, f"/mnt/{uuid}", NOW)
    yield store
    store.close()


def add(store: Store, age: timedelta, size: int, volume: str = "vol-1", camera: str = "markt-01") -> None:
    start = NOW - age
    row = NewSegment(
        camera_id=CameraId(camera), profile="main", volume_uuid=volume, path=f"{camera}/{start:%d-%H%M}.mp4",
        start_at=start, end_at=start + timedelta(minutes=1), duration_90k=60 * 90_000, bytes=size,
        codec="avc1.64001f", width=640, height=360, sha256="0" * 64, key_id=None, sidecar_sha256=None, starts_run=False,
    )  # fmt: skip
    with store.transaction() as tx:
        catalog.add(tx, row)


def count(store: Store, past: PastDays | None = None, volume: str = "vol-1"):
    with store.reading() as tx:
        return count_written(tx, volume, holds.active(tx), NOW, 28, {} if past is None else past)


def test_a_volume_that_just_began_says_nothing_yet(store: Store) -> None:
    assert count(store) is None
    add(store, timedelta(minutes=9), 1000)
    assert count(store) is None
    add(store, timedelta(minutes=30), 800)
    assert count(store).bytes_per_s == 1


def test_the_rate_is_that_of_the_last_day_on_this_volume_and_days_are_counted_by_age(store: Store) -> None:
    for age_h, size in ((1, 40_000), (13, 46_400), (40, 5000), (24 * 27, 700), (24 * 28 + 1, 300)):
        add(store, timedelta(hours=age_h), size)
    add(store, timedelta(hours=2), 999, volume="vol-2")
    written = count(store)
    assert written.bytes_per_s == pytest.approx(86_400 / SECONDS_PER_DAY)
    assert {age: size for age, size in written.expiring_bytes.items() if size} == {
        0: 40_000, 1: 46_400, 2: 5000, 27: 1000,
    }  # fmt: skip


def test_held_footage_does_not_count_as_expiring(store: Store) -> None:
    add(store, timedelta(hours=40), 5000)
    add(store, timedelta(hours=40), 70, camera="haven-02")
    start = NOW - timedelta(hours=41)
    new = NewHold(
        cameras=("markt-01",), start_at=start, end_at=start + timedelta(hours=2), case_number="PL 12",
        legal_basis="art. 126nd Sv", requester="ovj", created_by="officer", review_at=NOW + timedelta(days=9),
    )  # fmt: skip
    with store.transaction() as tx:
        holds.create(tx, new, NOW)
    assert count(store).expiring_bytes[2] == 70


def test_settled_days_are_read_once(store: Store) -> None:
    for days in range(6):
        add(store, timedelta(days=days), 1000)
    past: PastDays = {}
    assert count(store, past) == count(store, past)
    past["vol-1", (NOW - timedelta(days=3)).date()] = 77
    assert count(store, past).expiring_bytes[3] == 77
