from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from vms.rules.layout import parse_path, segment_path, sidecar_path
from vms.rules.retention import Erase, Keep, RunFacts, decide_purge, refuse_run
from vms.rules.terms import Terms
from vms.units import EPOCH, CameraId

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
US = timedelta(microseconds=1)


@dataclass(frozen=True)
class Shot:
    camera_id: str
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True)
class SomeHold:
    id: int
    cameras: tuple[str, ...]
    start_at: datetime
    end_at: datetime
    released_at: datetime | None = None
    secured_at: datetime | None = None
    expired_before: datetime = EPOCH


def shot(age: timedelta, length: timedelta = timedelta(minutes=1), camera: str = "markt-01") -> Shot:
    return Shot(camera, NOW - age, NOW - age + length)


@pytest.mark.parametrize(
    ("age", "expired"),
    [(timedelta(days=28) - US, False), (timedelta(days=28), True), (timedelta(days=28) + US, True)],
)
def test_footage_expires_when_its_first_picture_is_28_times_24_hours_old(age, expired) -> None:
    assert Terms(28).is_expired("markt-01", NOW - age, NOW) is expired


def test_the_night_the_clock_goes_back_does_not_move_the_limit() -> None:
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert not Terms(28).is_expired("markt-01", start, start + timedelta(days=28) - US)
    assert Terms(28).is_expired("markt-01", start, start + timedelta(days=28))


def test_a_hold_keeps_what_it_overlaps_and_nothing_else() -> None:
    old = shot(timedelta(days=30))
    touching = SomeHold(1, ("markt-01",), old.end_at - US, old.end_at + timedelta(hours=1))
    after = SomeHold(2, ("markt-01",), old.end_at, old.end_at + timedelta(hours=1))
    other_camera = SomeHold(3, ("parade-02",), old.start_at, old.end_at)
    released = SomeHold(4, ("markt-01",), old.start_at, old.end_at, released_at=NOW)
    assert decide_purge(old, [touching, after, other_camera, released], NOW, Terms(28)) == Keep("held", (1,))
    assert decide_purge(old, [after, other_camera, released], NOW, Terms(28)) == Erase("expired")
    assert decide_purge(shot(timedelta(days=2)), [], NOW, Terms(28)) == Keep("young")


def facts(**changes) -> RunFacts:
    base = {
        "now": NOW,
        "last_run_at": NOW - timedelta(minutes=1),
        "elapsed": timedelta(minutes=1),
        "expired_segments": 10,
        "stored_segments": 1000,
    }
    return RunFacts(**{**base, **changes})


def test_a_run_is_refused_when_the_clock_or_the_share_is_implausible() -> None:
    assert refuse_run(facts(), 0.5) is None
    assert "went back" in refuse_run(facts(last_run_at=NOW + timedelta(hours=1), elapsed=None), 0.5)
    assert "jumped forward" in refuse_run(facts(last_run_at=NOW - timedelta(days=9)), 0.5)
    assert "of 1000 segments" in refuse_run(facts(expired_segments=501), 0.5)
    assert refuse_run(facts(last_run_at=None, elapsed=None), 0.5) is None


def test_a_path_tells_camera_stream_and_time() -> None:
    path = segment_path(CameraId("markt-01"), "sub", NOW + 7 * US)
    assert path == "markt-01/2026-11-23/12/20261123T120000.000007Z-sub.mp4"
    name = parse_path(path)
    assert name is not None
    assert (name.camera_id, name.profile, name.start_at) == ("markt-01", "sub", NOW + 7 * US)
    assert parse_path(sidecar_path(path)).start_at == NOW + 7 * US
    for foreign in ("../etc/passwd", "markt-01/x.mp4", "markt-01/2026-11-23/12/20261399T120000.000000Z-sub.mp4"):
        assert parse_path(foreign) is None
