"""What a crash left is recovered while new pictures are recorded already."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from recorder.late_recovery import LateRecovery, find_unfinished
from recorder.recording import KeyFiles, Recording, SiteKeys
from recorder.recovery import Recovery
from tests.fakes import T0_US, FakeClock
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from tests.web.served_site import eventually
from vms.config import Volume
from vms.errors import StoreBusy
from vms.units import CameraId, us_from_utc, utc_from_us

FIRST = 35
"""Pictures of the process that crashed, ten a second; the last was not yet on the disk."""


@pytest.fixture
def crashed(site: Site) -> Site:
    recorder = site.recorder(segment_s=60)
    recorder.offer_all(stream(FIRST))
    recorder.pump()
    recorder._segment._release()
    recorder._segment._file.close()
    site.recorders.clear()
    assert site.journal.stop()
    return site


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Recovery waits for it."""
    gate = threading.Event()
    run = Recovery.run

    def late(*arguments: object) -> object:
        assert gate.wait(20)
        return run(*arguments)

    monkeypatch.setattr(Recovery, "run", late)
    yield gate
    gate.set()


def start(site: Site, at_us: int) -> Recording:
    keys = SiteKeys(KeyFiles(site.root / "keys", site.root / "keys" / "site.key", may_create=False))
    journal = site.root / "journal" / "capture-0.jsonl"
    recording = Recording([Volume(path=site.volume.root)], 2, keys, site.store, FakeClock(at_us), journal)
    recording.start(["markt-01"])
    return recording


def record(recording: Recording, first: int, *, early_us: int = 0) -> None:
    recorder = recording.stream(CameraId("markt-01"), "sub", "public_order", None)
    packets = [packet._replace(received_us=packet.received_us - early_us) for packet in stream(40, first=first)]
    recorder.offer_all([packets[0]._replace(starts_run=True), *packets[1:]])


def test_pictures_are_recorded_before_the_recovery_is_done_and_no_gap_claims_what_it_finds(
    crashed: Site, released: threading.Event
) -> None:
    recording = start(crashed, T0_US + 10_000_000)
    record(recording, 100)
    eventually(lambda: len(crashed.segments()) == 1)
    old = crashed.parts()[0]
    released.set()
    eventually(lambda: not old.exists())
    recording.stop(5)
    first, *later = crashed.segments()
    assert [len(brightness(crashed.reader, segment)) for segment in (first, *later)] == [FIRST - 1, 20, 20]
    gap, after = crashed.gaps()
    assert (gap.reason, gap.start_at, gap.end_at) == ("restart", first.end_at, later[0].start_at)
    assert after.start_at == later[-1].end_at


def test_a_clock_set_back_meanwhile_neither_overlaps_nor_leaves_the_old_footage_behind(
    crashed: Site, released: threading.Event
) -> None:
    an_hour_us = 3_600_000_000
    recording = start(crashed, T0_US - an_hour_us)
    record(recording, 100, early_us=an_hour_us)
    released.set()
    eventually(lambda: len(crashed.segments()) >= 2)
    recording.stop(5)
    segments = crashed.segments()
    assert [len(brightness(crashed.reader, segment)) for segment in segments] == [FIRST - 1, 20, 20]
    assert all(one.end_at <= other.start_at for one, other in pairwise(segments))


def test_what_was_open_is_seen_without_touching_it(crashed: Site) -> None:
    [part] = crashed.parts()
    before = part.read_bytes()
    part.with_name(part.name.replace("-sub", "-main")).write_bytes(b"rubbish")
    found = find_unfinished(crashed.recovery, [crashed.volume], ["markt-01", "markt-02"])
    assert found.ends == {("markt-01", "sub"): T0_US + (FIRST - 1) * 100_000}
    assert len(found.parts) == 2
    assert part.read_bytes() == before


def test_a_busy_database_and_a_failing_disk_only_postpone_it(crashed: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    troubles: list[Exception] = [StoreBusy("locked"), OSError(5, "Input/output error"), OSError(5, "again")]
    failures: list[Path] = []
    run = Recovery.run

    def troubled(*arguments: object) -> object:
        if troubles:
            raise troubles.pop(0)
        return run(*arguments)

    monkeypatch.setattr(Recovery, "run", troubled)
    unfinished = find_unfinished(crashed.recovery, [crashed.volume], ["markt-01"])
    late = LateRecovery(
        crashed.recovery,
        crashed.store,
        [crashed.volume],
        ["markt-01"],
        unfinished.parts,
        utc_from_us(T0_US),
        lambda: True,
        lambda root, _: failures.append(root),
    )
    for _ in range(3):
        late.turn()
    assert (crashed.segments(), failures) == ([], [crashed.volume.root])
    late.turn()
    [segment] = crashed.segments()
    assert us_from_utc(segment.end_at) == unfinished.ends["markt-01", "sub"]
