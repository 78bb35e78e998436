from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vms.errors import FootageMissing
from vms.rules.chain import GENESIS, entry_hash
from vms.store import Store, catalog
from vms.store.catalog import NewSegment
from vms.units import CameraId

T0 = datetime(2026, 10, 25, 0, 59, 30, 123457, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(store_url: str):
    store = Store(store_url)
    store.migrate()
    with store.transaction() as tx:
        catalog.register_volume(tx, "vol-1", "/mnt/a", T0)
    yield store
    store.close()


def new(number: int, camera: str = "markt-01") -> NewSegment:
    start = T0 + number * MINUTE
    return NewSegment(
        camera_id=CameraId(camera),
        profile="sub",
        volume_uuid="vol-1",
        path=f"{camera}/{number}.mp4",
        start_at=start,
        end_at=start + MINUTE,
        duration_90k=60 * 90_000,
        bytes=1000 + number,
        codec="avc1.64001f",
        width=640,
        height=360,
        sha256=f"{number:064x}",
        key_id="k",
        sidecar_sha256=None,
        starts_run=number == 0,
    )


def test_a_segment_comes_back_as_it_was_and_chains_to_the_one_before(store: Store) -> None:
    with store.transaction() as tx:
        first, second = catalog.add(tx, new(0)), catalog.add(tx, new(1))
        other = catalog.add(tx, new(0, "haven-02"))
    assert (first.prev_hash, other.prev_hash) == (GENESIS, GENESIS)
    assert second.prev_hash == first.chain_hash
    assert second.chain_hash == entry_hash(first.chain_hash, catalog.chain_content(new(1)))
    with store.reading() as tx:
        assert catalog.segment(tx, second.id) == second
        assert catalog.last_chain_hash(tx, "markt-01", "sub") == second.chain_hash
        assert catalog.last_end(tx, "markt-01", "sub") == T0 + 2 * MINUTE
    assert second.start_at == T0 + MINUTE
    assert second.state == "recorded"


def test_the_chain_covers_times_bytes_and_hashes() -> None:
    base = new(0)
    changed = [
        replace(base, start_at=T0 - MINUTE),
        replace(base, bytes=7),
        replace(base, sha256="f" * 64),
        replace(base, key_id=None),
        replace(base, sidecar_sha256="e" * 64),
    ]
    hashes = {entry_hash(GENESIS, catalog.chain_content(segment)) for segment in [base, *changed]}
    assert len(hashes) == 1 + len(changed)


def test_adding_a_file_again_is_one_row_and_another_file_on_its_path_is_refused(store: Store) -> None:
    with store.transaction() as tx:
        assert catalog.add(tx, new(0)) == catalog.add(tx, new(0))
    with pytest.raises(ValueError, match="another hash"), store.transaction() as tx:
        catalog.add(tx, replace(new(0), sha256="a" * 64))
    with store.reading() as tx:
        assert catalog.count(tx) == (1, 1000)


def test_intervals_are_half_open_and_hide_what_is_being_erased(store: Store) -> None:
    with store.transaction() as tx:
        added = [catalog.add(tx, new(n)) for n in range(4)]
        catalog.set_state(tx, added[3].id, "purging")
    with store.reading() as tx:
        found = catalog.segments(tx, "markt-01", "sub", T0 + MINUTE, T0 + 10 * MINUTE)
        assert [s.id for s in found] == [added[1].id, added[2].id]
        assert catalog.segments(tx, "markt-01", "sub", T0 - MINUTE, T0) == []
        assert catalog.segments(tx, "markt-01", "main", T0, T0 + MINUTE) == []
        both = catalog.segments(tx, "markt-01", "sub", T0 + 2 * MINUTE, T0 + 9 * MINUTE, ("recorded", "purging"))
        assert [s.id for s in both] == [added[2].id, added[3].id]


def test_expiry_is_by_the_first_picture_to_the_microsecond(store: Store) -> None:
    with store.transaction() as tx:
        added = [catalog.add(tx, new(n)) for n in range(3)]
        catalog.set_state(tx, added[0].id, "purging")
    with store.reading() as tx:
        assert [s.id for s in catalog.expired(tx, T0 + MINUTE, 10)] == [added[0].id, added[1].id]
        assert [s.id for s in catalog.expired(tx, T0 + MINUTE - timedelta(microseconds=1), 10)] == [added[0].id]
        assert len(catalog.expired(tx, T0 + 9 * MINUTE, 2)) == 2
    with store.transaction() as tx:
        catalog.set_state(tx, added[0].id, "purged")
        assert [s.id for s in catalog.expired(tx, T0, 10)] == []
        assert catalog.segment(tx, added[0].id).state == "purged"
        assert [s.id for s in catalog.page(tx, added[0].id)] == [added[1].id, added[2].id]


def test_an_unknown_segment_is_missing_footage(store: Store) -> None:
    with store.transaction() as tx:
        with pytest.raises(FootageMissing):
            catalog.segment(tx, 99)
        with pytest.raises(FootageMissing):
            catalog.set_state(tx, 99, "purged")
        with pytest.raises(FootageMissing):
            catalog.set_states(tx, [99], "purged")
        catalog.set_states(tx, [], "purged")


def test_one_gap_is_open_per_stream_and_a_new_reason_ends_the_old(store: Store) -> None:
    with store.transaction() as tx:
        first = catalog.open_gap(tx, "markt-01", "sub", T0, "unreachable", "no route")
        assert catalog.open_gap(tx, "markt-01", "sub", T0 + MINUTE, "unreachable") == first
        second = catalog.open_gap(tx, "markt-01", "sub", T0 + 2 * MINUTE, "unauthorized")
        assert catalog.current_gap(tx, "markt-01", "sub") == second
        closed = catalog.close_gap(tx, "markt-01", "sub", T0 + 3 * MINUTE)
        assert closed is not None
        assert closed.end_at == T0 + 3 * MINUTE
        assert catalog.close_gap(tx, "markt-01", "sub", T0 + 3 * MINUTE) is None
    with store.reading() as tx:
        seen = catalog.coverage(tx, "markt-01", "sub", T0 + MINUTE, T0 + 9 * MINUTE)
        assert [(g.start_at, g.end_at, g.reason) for g in seen.gaps] == [
            (T0, T0 + 2 * MINUTE, "unreachable"),
            (T0 + 2 * MINUTE, T0 + 3 * MINUTE, "unauthorized"),
        ]
        assert catalog.gaps(tx, "markt-01", "sub", T0 + 3 * MINUTE, T0 + 9 * MINUTE) == []


def test_a_volume_is_known_by_its_uuid_wherever_it_is_mounted(store: Store) -> None:
    with store.transaction() as tx:
        catalog.register_volume(tx, "vol-1", "/mnt/b", T0)
        assert catalog.volumes(tx) == [catalog.CatalogVolume("vol-1", "/mnt/b", None)]


@pytest.mark.parametrize(
    ("gap", "left"),
    [
        ((0, 60), []),
        ((-30, 90), [(-30, 0), (60, 90)]),
        ((30, 90), [(60, 90)]),
        ((-30, 30), [(-30, 0)]),
        ((90, 120), [(90, 120)]),
    ],
)
def test_footage_that_came_back_takes_its_time_from_the_gaps(store: Store, gap, left) -> None:
    def at(seconds: int) -> datetime:
        return T0 + timedelta(seconds=seconds)

    with store.transaction() as tx:
        catalog.add_gap(tx, "markt-01", "sub", at(gap[0]), at(gap[1]), "disk")
        footage = catalog.add(tx, new(0))
        catalog.cut_out_of_gaps(tx, "markt-01", "sub", footage.start_at, footage.end_at)
        found = catalog.gaps(tx, "markt-01", "sub", at(-100), at(200))
    assert [(g.start_at, g.end_at) for g in found] == [(at(start), at(end)) for start, end in left]
