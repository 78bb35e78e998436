import itertools
import logging
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from ingest import ptz
from ingest.onvif_client import resolve_camera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.ptz import PtzWorker
from tests.fakes import T0_US, FakeClock
from tests.fakes import pose as fake_pose
from tests.ingest.onvif_street import SPEC, OnvifStreet, onvif_street
from tests.ingest.scripted_camera import fault, scripted_camera
from vms.clock import SystemClock
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError
from vms.packet import PtzPose
from vms.units import CameraId

CAMERA = CameraId(SPEC.id)


class Poses:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._poses: list[PtzPose] = []

    def add(self, pose: PtzPose) -> None:
        with self._lock:
            self._poses.append(pose)

    def all(self) -> list[PtzPose]:
        with self._lock:
            return self._poses[:]


def eventually(is_true: Callable[[], bool], timeout_s: float = 5.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end_s, "did not happen in time"
        time.sleep(0.01)


@contextmanager
def following(endpoint: OnvifEndpoint) -> Iterator[tuple[PtzWorker, Poses]]:
    poses = Poses()
    worker = PtzWorker(CAMERA, endpoint, SystemClock(), poses.add)
    worker.start()
    try:
        yield worker, poses
    finally:
        worker.stop()


@pytest.fixture
def street() -> Iterator[OnvifStreet]:
    with onvif_street() as running:
        yield running


def _longest_gap_s(poses: list[PtzPose]) -> float:
    return max((b.at_us - a.at_us) / 1e6 for a, b in itertools.pairwise(poses))


def test_one_pose_a_second_at_rest_and_eight_or_more_while_turning(street: OnvifStreet) -> None:
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: len(poses.all()) >= 3)
        resting = poses.all()
        assert 0.8 < (resting[2].at_us - resting[1].at_us) / 1e6 < 1.5
        worker.move(0.5, 0, 0, timeout_s=1.0)
        time.sleep(1.5)
        turning = [pose for pose in poses.all()[len(resting) :] if pose.move_status == "moving"]
        assert len(turning) >= 8
        assert turning[-1].pan > resting[-1].pan
        eventually(lambda: poses.all()[-1].move_status == "idle")
        stood = len(poses.all())
        time.sleep(0.8)
        assert len(poses.all()) - stood >= 5, "must go on asking fast for a second after it reports idle"


def test_the_camera_stops_by_itself_when_nobody_commands_any_more(street: OnvifStreet) -> None:
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        worker.move(0.3, 0, 0, timeout_s=0.3)
        eventually(lambda: poses.all()[-1].move_status == "moving")
    time.sleep(0.6)
    before = street.camera.head.view_at(SystemClock().now_us())
    time.sleep(0.2)
    assert street.camera.head.view_at(SystemClock().now_us()) == before


def test_halt_stops_at_once(street: OnvifStreet) -> None:
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        worker.move(0.3, 0, 0, timeout_s=5.0)
        eventually(lambda: poses.all()[-1].move_status == "moving")
        worker.halt()
        eventually(lambda: poses.all()[-1].move_status == "idle", 1.5)


def test_poses_carry_the_time_they_were_true(street: OnvifStreet) -> None:
    """Request and answer travel 80 ms each: dated by its arrival, a pose would be 6° or more behind the truth."""
    street.server.slow_s = (0.08, 0.08)
    street.set_fault(clock_offset_s=3600.0)
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        for _ in range(8):
            worker.move(0.8, 0, 0, timeout_s=1.0)
            time.sleep(0.05)
        turning = [pose for pose in poses.all() if pose.move_status == "moving"]
    assert len(turning) >= 4
    errors_deg = []
    for pose in turning:
        truth = street.camera.head.view_at(pose.at_us)
        errors_deg.append(abs((pose.pan * 180 - truth.pan_deg + 180) % 360 - 180))
        assert pose.camera_utc_us is not None
        assert pose.camera_utc_us - 3_600_000_000 == pytest.approx(pose.at_us, abs=60_000)
    assert statistics.median(errors_deg) < 3


def test_presets_are_listed_saved_and_called(street: OnvifStreet) -> None:
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        worker.move(0.5, 0, 0, timeout_s=0.4)
        eventually(lambda: poses.all()[-1].move_status == "moving")
        eventually(lambda: poses.all()[-1].move_status == "idle")
        saved = worker.save_preset("Hoek <Markt> & é")
        assert saved in worker.presets()
        there = poses.all()[-1]
        worker.move(-1, 0, 0, timeout_s=0.4)
        eventually(lambda: abs(poses.all()[-1].pan - there.pan) > 0.05)
        worker.goto(saved.token)
        eventually(lambda: poses.all()[-1].pan == pytest.approx(there.pan, abs=0.01))
        with pytest.raises(ProtocolError):
            worker.goto(ptz.PresetToken("no such"))
        assert worker.health().state == "ok"


def test_home_and_a_place_are_gone_to(street: OnvifStreet) -> None:
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        home = poses.all()[-1]
        worker.look(home.pan + 0.05, home.tilt, 0.2)
        eventually(lambda: poses.all()[-1].pan == pytest.approx(home.pan + 0.05, abs=0.005))
        eventually(lambda: poses.all()[-1].zoom == pytest.approx(0.2, abs=0.01))
        assert worker.pose() in poses.all()
        worker.home()
        eventually(lambda: poses.all()[-1].pan == pytest.approx(home.pan, abs=0.005))


def test_a_camera_that_hides_its_position_is_a_fault_and_recovers(
    street: OnvifStreet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ptz, "FIRST_BACKOFF_S", 0.1)
    street.set_fault(ptz_status="missing")
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: "does not report" in worker.health().detail)
        assert worker.health().state == "fault"
        assert poses.all() == []
        worker.halt()  # commands still reach it
        street.set_fault(ptz_status="honest")
        eventually(lambda: worker.health().state == "ok")
        assert poses.all()


def test_a_hung_camera_is_a_fault_within_seconds_and_recovers(
    street: OnvifStreet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STATUS_TIMEOUT_S", "COMMAND_TIMEOUT_S", "FIRST_BACKOFF_S"):
        monkeypatch.setattr(ptz, name, 0.3)
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: bool(poses.all()))
        street.set_fault(hang=True)
        started_s = time.monotonic()
        with pytest.raises(CameraUnreachable):
            worker.halt()
        assert time.monotonic() - started_s < 1
        eventually(lambda: worker.health().state == "fault")
        street.set_fault(hang=False)
        eventually(lambda: worker.health().state == "ok")


def test_a_refused_account_is_not_tried_again_soon_and_commands_are_not_sent(
    street: OnvifStreet, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = replace(street.endpoint, password="wrong-word")
    with caplog.at_level(logging.DEBUG), following(wrong) as (worker, _):
        eventually(lambda: "account refused" in worker.health().detail)
        tries = street.server.asked("", "digest") + street.server.asked("", "token")
        for command in (worker.halt, worker.presets, lambda: worker.move(1, 0, 0)):
            with pytest.raises(CameraUnauthorized):
                command()
        time.sleep(0.5)
        assert street.server.asked("", "digest") + street.server.asked("", "token") == tries <= 3
    assert "wrong-word" not in caplog.text
    lost = [record for record in caplog.records if record.message == "ptz_lost"]
    assert lost[0].retry_in_s >= 60  # type: ignore[attr-defined]


def test_a_camera_that_cannot_turn_is_a_fault_with_the_way_out() -> None:
    with onvif_street(ptz=False) as street, following(street.endpoint) as (worker, _):
        eventually(lambda: "no PTZ service" in worker.health().detail)


def test_after_some_failures_the_camera_is_asked_anew_what_it_is(
    street: OnvifStreet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens change after a factory reset: the old profile then only gives faults."""
    monkeypatch.setattr(ptz, "FIRST_BACKOFF_S", 0.05)
    true_camera = resolve_camera(street.endpoint)
    told = [replace(true_camera, ptz_token="gone"), true_camera]
    poses = Poses()
    worker = PtzWorker(CAMERA, street.endpoint, SystemClock(), poses.add, resolve=lambda: told.pop(0))
    worker.start()
    try:
        eventually(lambda: bool(poses.all()))
        assert told == []
    finally:
        worker.stop()


def test_commands_before_the_camera_is_known_say_so() -> None:
    silent = scripted_camera(lambda _asked: fault("Nothing"))
    with silent as camera, following(camera.endpoint) as (worker, _), pytest.raises(CameraUnreachable):
        worker.move(1, 0, 0)


def test_stop_ends_the_thread_also_during_a_back_off() -> None:
    with scripted_camera(lambda _asked: None) as camera, following(camera.endpoint) as (worker, _):
        eventually(lambda: worker.health().detail != "not connected yet")
        started_s = time.monotonic()
        worker.stop()
        assert time.monotonic() - started_s < 1
        assert not any(thread.name == f"ptz-{CAMERA}" for thread in threading.enumerate())


def test_a_move_is_announced_before_it_is_sent(street: OnvifStreet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks may trust the position at rest until then, and not a moment longer."""
    with following(street.endpoint) as (worker, poses):
        eventually(lambda: len(poses.all()) >= 2)
        resting, at_send = poses.all()[-1], []
        ask = worker._commands.ask

        def watched(*args: Any, **options: Any) -> Any:
            at_send.append(poses.all()[-1])
            return ask(*args, **options)

        monkeypatch.setattr(worker._commands, "ask", watched)
        before_us = SystemClock().now_us()
        worker.move(0.5, 0, 0, timeout_s=0.5)
        eventually(lambda: poses.all()[-1].pan - resting.pan > 0.01)
        worker.move(0.5, 0, 0, timeout_s=0.5)
    announced = at_send[0]
    assert (announced.move_status, announced.pan, announced.zoom) == ("moving", resting.pan, resting.zoom)
    assert before_us <= announced.at_us <= SystemClock().now_us()
    assert resting.camera_utc_us is not None
    assert announced.camera_utc_us == announced.at_us + resting.camera_utc_us - resting.at_us
    assert at_send[1].pan > resting.pan, "a camera that turns is not where it was: nothing but its own word counts"


def scripted_worker(clock: FakeClock) -> tuple[PtzWorker, Callable[..., PtzPose]]:
    """take(pan, status) → what the worker tells of a pose that the camera gives now."""
    told: list[PtzPose] = []
    worker = PtzWorker(CAMERA, OnvifEndpoint("127.0.0.1", 9, "", ""), clock, told.append)
    link: Any = SimpleNamespace(skew=None)

    def take(pan: float | None, status: str = "idle") -> PtzPose:
        if pan is None:
            worker._announce()
        else:
            worker._take(fake_pose(clock.now_us(), pan=pan, move_status=status), link)
        clock.advance(0.1)
        return told[-1]

    return worker, take


@pytest.mark.parametrize(("status", "turned"), [("idle", "moving"), ("unknown", "unknown")])
def test_a_camera_that_has_not_started_yet_is_not_believed_to_rest(status: str, turned: str) -> None:
    _, take = scripted_worker(FakeClock())
    assert take(0.0, status).move_status == status
    assert take(0.0, status).move_status == status
    assert take(None).move_status == "moving"
    assert [take(pan, status).move_status for pan in (0.0, 0.0, 0.02, 0.04)] == ["moving", "moving", turned, turned]


def test_a_camera_that_stops_and_starts_at_once_is_not_believed_to_rest_in_between() -> None:
    """Its position changed since the pose before, by the end of the movement that was stopped."""
    _, take = scripted_worker(FakeClock())
    take(0.0, "moving")
    stopped = take(0.1, "idle")
    assert stopped.move_status == "idle"
    assert take(None) == replace(stopped, move_status="moving")
    assert take(0.1, "idle").move_status == "moving"


def test_a_late_word_of_the_movement_before_does_not_end_the_doubt() -> None:
    _, take = scripted_worker(FakeClock())
    take(0.0, "moving")
    take(None)
    take(0.1, "moving")
    assert take(0.15, "idle").move_status == "moving"


def test_a_camera_that_does_not_start_rests_again_after_half_a_second() -> None:
    _, take = scripted_worker(FakeClock())
    take(0.0)
    take(None)
    assert [take(0.0).move_status for _ in range(6)] == ["moving"] * 4 + ["idle"] * 2


def test_the_position_of_a_turning_camera_is_never_guessed() -> None:
    """Only that it rests no longer is said, as of the moment it was seen there."""
    for status in ("moving", "idle", "unknown"):
        _, take = scripted_worker(FakeClock())
        take(0.0, status)
        turning = take(0.1, status)
        assert take(None) == replace(turning, move_status="moving")


def test_a_clock_of_whole_seconds_is_not_counted_on_from() -> None:
    clock = FakeClock()
    _, take = scripted_worker(clock)
    assert take(0.0).camera_utc_us == T0_US
    assert take(None).camera_utc_us is None
