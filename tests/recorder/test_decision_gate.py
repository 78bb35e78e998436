"""A recorder goes by the decisions alone: starts and stops by itself, and tells why there is nothing."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from ingest.camera import StreamDown
from ingest.turns import ReadTurns
from recorder.capture import CameraCapture
from recorder.decision_gate import DecisionGate, GateOf
from recorder.errands import Errands
from recorder.segment_format import read_header
from recorder.segment_writer import StreamRecorder
from tests.fakes import T0_US, FakeClock
from tests.recorder.conftest import Site
from tests.recorder.encoded import FPS, stream
from vms.config import Camera
from vms.packet import Packet
from vms.rules.coverage import Stretch, totals
from vms.rules.decisions import Decision, Period, Place
from vms.rules.gating import FREE, UNKNOWN, Gate, gate_at, windows_of_place
from vms.units import CameraId, utc_from_us

S = 1_000_000


def allowed(*periods: tuple[int, int]) -> GateOf:
    """In these seconds after T0."""
    held = tuple(Period(T0_US + start_s * S, T0_US + end_s * S) for start_s, end_s in periods)
    day = (date(2026, 11, 1),)
    one = Decision(id=1, kind="deployment", numbers=("135777",), decided_on=day, periods=held, cameras=("markt-01",))
    known = windows_of_place([one], Place("markt-01"), ZoneInfo("Europe/Amsterdam"))
    return lambda _camera, at_us: gate_at(known, at_us)


class Rig:
    """A camera's capture with a real recorder on its substream; everything else is scripted."""

    def __init__(self, site: Site, gate_of: GateOf, tmp_path: Path) -> None:
        self.clock = FakeClock()
        standing = DecisionGate(CameraId("markt-01"), gate_of, T0_US).standing
        self.recorder: StreamRecorder = site.recorder(segment_s=60, standing=standing)
        self.passed: list[Packet] = []
        self.forgotten = 0
        silent: Any = SimpleNamespace(offer_all=lambda _: True, source_down=lambda *_: None)
        recorders = {"sub": self.recorder, "main": silent}
        recording: Any = SimpleNamespace(stream=lambda _camera, profile, *_: recorders[profile], notes=None)
        bus: Any = SimpleNamespace(offer_packets=self.passed.extend, forget=self._forget)
        camera = Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1:9/a", sub="rtsp://127.0.0.1:9/b")
        self.capture = CameraCapture(
            camera, recording, bus, self.clock, ReadTurns(self.clock), Errands(), tmp_path,
            record_sub=True, gate_of=gate_of,
        )  # fmt: skip
        self.worker = SimpleNamespace(source_state="up")
        self.capture._workers["sub"] = self.worker  # type: ignore[assignment]
        self.look()

    def look(self) -> None:
        self.capture.obey_decisions()
        self.recorder.pump()

    def run(self, packets: Sequence[Packet]) -> None:
        """As they come in, half a second at a time."""
        for at in range(0, len(packets), FPS // 2):
            batch = packets[at : at + FPS // 2]
            self.clock.us = batch[-1].received_us
            self.capture._on_packets(batch)
            self.look()

    def _forget(self, _camera: str) -> None:
        self.forgotten += 1


def gaps(site: Site) -> list[tuple[str, float, float | None]]:
    """Reason and seconds after T0."""

    def seconds(at: Any) -> float | None:
        return None if at is None else (at - utc_from_us(T0_US)).total_seconds()

    return [(gap.reason, seconds(gap.start_at) or 0.0, seconds(gap.end_at)) for gap in site.gaps()]


def test_recording_starts_and_stops_by_itself_with_the_decision(site: Site, tmp_path: Path) -> None:
    rig = Rig(site, allowed((5, 15), (20, 25)), tmp_path)
    assert (rig.recorder.health.get().state, rig.recorder.health.get().reason) == ("off", "no_decision")
    rig.run(stream(300))
    rig.recorder.close()
    assert site.journal.stop()
    spans = [(s.start_at - utc_from_us(T0_US), s.duration_90k // 90_000) for s in site.segments()]
    assert [(start.total_seconds(), length_s) for start, length_s in spans] == [(5.0, 10), (20.0, 5)]
    assert gaps(site) == [("no_decision", 0.0, 5.0), ("no_decision", 15.0, 20.0), ("no_decision", 25.0, None)]
    assert [gap.detail for gap in site.gaps()][1] == "decision 135777 ended at 2026-11-18T11:06+00:00"
    inside = [p.received_us - T0_US for p in rig.passed]
    assert all(5 * S <= at_us < 15 * S or 20 * S <= at_us < 25 * S for at_us in inside)
    assert len(inside) == 150
    assert rig.forgotten == 3


def test_each_segment_says_under_which_decision_it_was_recorded_in_row_and_file(site: Site, tmp_path: Path) -> None:
    rig = Rig(site, lambda _, at_us: Gate("open", "135777", 7 + (at_us >= T0_US + 60 * S), placement_id=3), tmp_path)
    rig.run(stream(1300))
    rig.recorder.close()
    assert site.journal.stop()
    segments = site.segments()
    assert {segment.placement_id for segment in segments} == {3}
    assert [segment.decision_id for segment in segments] == [7, *[8] * (len(segments) - 1)]
    assert len(segments) >= 2
    for segment in segments:
        with (site.volumes.roots[0] / segment.path).open("rb") as file:
            assert read_header(file)[0].decision_id == segment.decision_id


def test_without_a_decision_a_segment_names_none_and_its_file_is_as_it_always_was(site: Site, tmp_path: Path) -> None:
    rig = Rig(site, lambda _camera, _at: FREE, tmp_path)
    rig.run(stream(20))
    rig.recorder.close()
    assert site.journal.stop()
    [segment] = site.segments()
    assert (segment.decision_id, segment.placement_id) == (None, None)
    with (site.volumes.roots[0] / segment.path).open("rb") as file:
        assert b"decision_id" not in file.read(4096)


def test_a_camera_that_is_lost_outside_a_decision_is_missed_only_from_its_start(site: Site, tmp_path: Path) -> None:
    rig = Rig(site, allowed((5, 15)), tmp_path)
    rig.worker.source_state = "unauthorized"
    rig.clock.us = T0_US + 2 * S
    down = StreamDown(CameraId("markt-01"), "sub", "unauthorized", "401", rig.clock.us, None)
    rig.capture._on_down(down)
    rig.look()
    assert rig.recorder.health.get().reason == "no_decision"
    rig.clock.us = T0_US + 5 * S
    rig.look()
    assert rig.recorder.health.get().reason == "unauthorized"
    rig.clock.us = T0_US + 15 * S
    rig.look()
    assert site.journal.stop()
    assert gaps(site) == [("no_decision", 0.0, 5.0), ("unauthorized", 5.0, 15.0), ("no_decision", 15.0, None)]


def test_an_unknown_register_starts_nothing_and_a_known_one_goes_on(site: Site, tmp_path: Path) -> None:
    gate: list[Gate] = [UNKNOWN]
    rig = Rig(site, lambda _camera, _at: gate[0], tmp_path)
    rig.run(stream(20))
    assert rig.passed == []
    gate[0] = Gate("open", "135777", 1, T0_US)
    rig.run(stream(20, first=20))
    assert rig.recorder.health.get().state == "on"
    rig.recorder.close()
    assert site.journal.stop()
    assert [segment.duration_90k for segment in site.segments()] == [2 * 90_000]
    assert site.gaps()[0].detail == "the register of decisions is not known here"


def test_time_outside_a_decision_is_no_loss() -> None:
    stretches = [
        Stretch(0, 10, "recorded"),
        Stretch(10, 30, "gap", "no_decision"),
        Stretch(30, 31, "gap", "stalled"),
    ]
    found = totals(stretches)
    assert (found.kept_us, found.lost_us, found.other_us) == (10, {"stalled": 1}, {"gap": 20})
