"""One capture process: its cameras' streams to disk and bus, their poses, requests, statuses.

Every camera has threads of its own; what goes wrong with one is its own gap and its own status.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ingest.camera import StreamDown, StreamHealth, StreamWorker
from ingest.onvif_camera import OnvifCamera
from ingest.ptz import PtzWorker
from ingest.turns import ReadTurns
from recorder.camera_sources import CameraSources
from recorder.capture_requests import CaptureRequests, PtzControls, unknown_camera
from recorder.decision_gate import DecisionGate, GateOf, explanation
from recorder.errands import Errands
from recorder.poses import PoseTrack
from recorder.recording import KeyFiles, Recording, SiteKeys
from recorder.recording_watch import RecordingWatch
from recorder.segment_writer import StreamRecorder
from vms.bus import BusPublisher, RequestServer
from vms.clock import Clock, SystemClock
from vms.config import Camera, SiteConfig
from vms.decision_file import DecisionBook
from vms.errors import CameraUnauthorized, CameraUnreachable, ConfigError, StorageError
from vms.metrics import own_usage
from vms.packet import Packet, PtzPose
from vms.status import CameraStatus, CaptureStatus, SourceState, StreamCounts, StreamStatus, VolumeStatus
from vms.store import Store
from vms.store.catalog import GapReason
from vms.units import PROFILES, CameraId, Profile

log = logging.getLogger(__name__)

STATUS_EVERY_S = 1.0
_TICK_S = 0.5
_STREAMS_STOP_S = 2.0
_RECORDING_STOP_S = 2.0
_GAP_REASONS: dict[SourceState, GapReason] = {
    "stalled": "stalled",
    "unauthorized": "unauthorized",
    "protocol_error": "protocol_error",
    "stopped": "restart",
}


class CameraCapture:
    """One camera: workers for its streams and its head, recorders behind them."""

    def __init__(
        self,
        camera: Camera,
        recording: Recording,
        bus: BusPublisher,
        clock: Clock,
        turns: ReadTurns,
        errands: Errands,
        memory_dir: Path,
        *,
        record_sub: bool,
        gate_of: GateOf,
    ) -> None:
        self.camera_id = CameraId(camera.id)
        self.ptz: PtzWorker | None = None
        self._camera = camera
        self._recording = recording
        self._bus = bus
        self._clock = clock
        self._turns = turns
        self._errands = errands
        self._record_sub = record_sub
        self._gate = DecisionGate(self.camera_id, gate_of, clock.now_us())
        self._sources = CameraSources(camera, clock, memory_dir, self._on_resolved)
        self._poses = PoseTrack() if camera.can_turn else None
        self._lock = threading.Lock()
        self._workers: dict[Profile, StreamWorker] = {}
        self._recorders: dict[Profile, StreamRecorder] = {}
        self._onvif_skew_ms: float | None = None
        self._has_stopped = False
        self._ptz_trouble = ""
        for profile in self._expected_profiles():
            self._recorders[profile] = recording.stream(
                self.camera_id, profile, camera.purpose, self._poses, self._gate.standing
            )
        self._watches = {
            profile: RecordingWatch(
                self.camera_id, profile, self._recorders.get(profile), recording.notes, clock.now_us()
            )
            for profile in PROFILES
        }

    def _expected_profiles(self) -> list[Profile]:
        has_sub = self._camera.sub is not None or self._camera.main is None
        return ["main", "sub"] if has_sub and self._record_sub else ["main"]

    def start(self) -> None:
        self._start_stream("main")
        remembered = self._sources.remembered
        if self._camera.sub is not None or (remembered is not None and remembered.sub_url is not None):
            self._start_stream("sub")
        if remembered is not None:
            self._errands.later(self.camera_id, self._confirm)
        if self._camera.can_turn:
            try:
                self.ptz = PtzWorker(
                    self.camera_id, self._sources.endpoint(), self._clock, self._on_pose, self._sources.onvif_camera
                )
                self.ptz.start()
            except (CameraUnauthorized, CameraUnreachable) as error:
                self._ptz_trouble = str(error)

    def stop(self) -> None:
        with self._lock:
            self._has_stopped = True
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop(0.0)
        if self.ptz is not None:
            self.ptz.stop(_STREAMS_STOP_S)
        for worker in workers:
            worker.stop(_STREAMS_STOP_S)

    def obey_decisions(self) -> None:
        """Now and then: note the gap when a decision ends, and go on from a keyframe when one begins."""
        changed = self._gate.look(self._clock.now_us())
        if changed is None:
            return
        gate, at_us = changed
        if not gate.is_open:
            self._bus.forget(self.camera_id)
        for profile, recorder in self._recorders.items():
            worker = self._workers.get(profile)
            if not gate.is_open:
                recorder.source_down("no_decision", explanation(gate), at_us)
            elif worker is None or worker.source_state != "up":
                state = worker.source_state if worker else "connecting"
                recorder.source_down(_GAP_REASONS.get(state, "unreachable"), "when the decision began", at_us)
            else:
                self._errands.now(self.camera_id, partial(self._sources.ask_keyframe, profile))

    def set_watched(self, profile: Profile, watched: bool) -> None:
        worker = self._workers.get(profile)
        if worker is not None:
            worker.set_watched(watched)

    def want_keyframe(self, profile: Profile) -> bool:
        """Of any camera with ONVIF, whether it turns or not. Blocks for at most two seconds. Raises CameraError."""
        return self._sources.want_keyframe(profile)

    def states(self) -> tuple[object, ...]:
        """What people must be told at once when it changes; costs little."""
        return (
            self.ptz.health().state if self.ptz is not None else "",
            *(worker.source_state for worker in self._workers.copy().values()),
            *(recorder.health.get().state for recorder in self._recorders.values()),
        )

    def status(self) -> CameraStatus:
        main, by_reports = self._stream_status("main")
        skew_ms = self._onvif_skew_ms if by_reports is None else by_reports
        ptz_state, ptz_detail = ("none", "") if not self._camera.can_turn else ("fault", self._ptz_trouble)
        if self.ptz is not None:
            health = self.ptz.health()
            ptz_state, ptz_detail = health.state, health.detail
        sub = self._stream_status("sub")[0] if "sub" in self._workers else None
        return CameraStatus(self.camera_id, self._clock.now_us(), main, sub, skew_ms, ptz_state, ptz_detail)  # type: ignore[arg-type]

    def _start_stream(self, profile: Profile) -> None:
        with self._lock:
            if profile in self._workers or self._has_stopped:
                return
            worker = StreamWorker(
                self.camera_id,
                profile,
                lambda: self._sources.stream(profile),
                self._clock,
                self._on_packets,
                self._on_down,
                turns=self._turns,
                on_connected=lambda: self._errands.now(self.camera_id, lambda: self._sources.ask_keyframe(profile)),
            )
            self._workers[profile] = worker
        worker.set_watched(self._bus.is_watched(self.camera_id, profile))
        worker.start()

    def _on_resolved(self, found: OnvifCamera) -> None:
        self._onvif_skew_ms = found.skew_ms
        if self._camera.main is None and found.sub_url is not None:
            self._start_stream("sub")

    def _confirm(self) -> None:
        """What was remembered of the camera. Raises CameraError."""
        for profile in self._sources.confirm():
            self._workers[profile].reconnect("the camera's stream has another address now")

    def _on_packets(self, packets: Sequence[Packet]) -> None:
        packets = self._gate.admit(packets)
        if not packets:
            return
        recorder = self._recorders.get(packets[0].profile)
        if recorder is not None:
            recorder.offer_all(packets)
        self._bus.offer_packets(packets)

    def _on_down(self, down: StreamDown) -> None:
        self._sources.forget()
        self._bus.forget(self.camera_id)
        recorder = self._recorders.get(down.profile)
        if recorder is not None and self._gate.is_open:
            recorder.source_down(_GAP_REASONS.get(down.state, "unreachable"), down.detail, down.at_us)

    def _on_pose(self, pose: PtzPose) -> None:
        if self._poses is not None:
            self._poses.put(pose)
        self._bus.offer(pose)

    def _stream_status(self, profile: Profile) -> tuple[StreamStatus, float | None]:
        """And the camera's clock skew in ms by its sender reports."""
        worker, now_us = self._workers.get(profile), self._clock.now_us()
        health = worker.health() if worker else StreamHealth("connecting", now_us)
        recording = self._watches[profile].look(now_us)
        status = StreamStatus(
            state=health.state,
            since_us=health.since_us,
            detail=health.detail,
            codec=health.codec,
            width=health.width,
            height=health.height,
            fps=health.fps,
            bitrate_bps=health.bitrate_bps,
            gop_s=health.gop_s,
            last_frame_us=health.last_frame_us,
            lost_packets=health.lost_packets,
            reconnects=health.reconnects,
            recording=recording.health.state,
            recording_detail=recording.health.detail,
            recording_reason=recording.health.reason,
            recording_since_us=recording.since_us,
            writing_since_us=recording.writing_since_us,
            catalog_delay_s=recording.catalog_delay_s,
            counts=StreamCounts(
                frames=health.frames,
                bytes=health.bytes,
                dropped_pictures=recording.dropped_pictures,
                queued_packets=recording.queued_packets,
                queued_bytes=recording.queued_bytes,
                gaps=recording.gaps,
            ),
            repaired_times=health.repaired_times,
            clock_leaps=health.clock_leaps,
        )
        return status, health.skew_ms


class CaptureProcess:
    """Cameras of one group, started together; runs until told to stop or a writer thread died."""

    def __init__(self, config: SiteConfig, group: int, store: Store, clock: Clock) -> None:
        files = KeyFiles(
            config.site.data_dir / "keys", config.site_key_file, may_create=config.recorder.site_key_file is None
        )
        keys = SiteKeys(files) if config.recorder.encrypt else None
        if keys is None:
            log.warning("footage_is_not_encrypted", extra={"fix": "set [recorder] encrypt = true"})
        self._name = f"capture-{group}"
        self._config = config
        self._clock = clock
        self._own = config.capture_groups()[group]
        recorder = config.recorder
        self._recording = Recording(
            config.volumes, recorder.segment_s, keys, store, clock, config.journal_file(group), recorder.sync_s
        )
        self._bus = BusPublisher(config.bus_endpoint(group), self._on_watched)
        self._requests = RequestServer(
            config.control_endpoint(group), CaptureRequests(self._ptz_of, self._want_keyframe, self._statuses).answer
        )
        self._cameras: dict[str, CameraCapture] = {}
        self._errands = Errands()
        self._published: dict[str, tuple[float, tuple[object, ...]]] = {}
        self._next_own_s = 0.0
        self._decisions = DecisionBook(config)

    def run(self, stop: threading.Event) -> None:
        """Raises StorageError when it cannot go on."""
        try:
            self._recording.start([camera.id for camera in self._own])
            self._bus.start()
            try:
                self._run_cameras(stop)
            finally:
                self._bus.stop()
        finally:
            self._recording.stop(_RECORDING_STOP_S)
        if not stop.is_set():
            raise StorageError("a writer thread or the journal died")

    def _run_cameras(self, stop: threading.Event) -> None:
        record_sub = self._config.recorder.record_sub
        turns = ReadTurns(self._clock, self._bus.flush)
        self._decisions.refresh()
        for camera in self._own:
            self._cameras[camera.id] = CameraCapture(
                camera,
                self._recording,
                self._bus,
                self._clock,
                turns,
                self._errands,
                self._config.site.data_dir / "cameras",
                record_sub=record_sub,
                gate_of=self._decisions.gate,
            )
        try:
            self._errands.start()
            for capture in self._cameras.values():
                capture.obey_decisions()
                capture.start()
            self._requests.start()
            try:
                while not stop.wait(_TICK_S) and self._recording.is_alive:
                    self._obey_decisions()
                    self._publish_statuses()
            finally:
                self._requests.stop()
        finally:
            self._errands.stop()
            with ThreadPoolExecutor(len(self._cameras), "stop") as pool:
                for capture in self._cameras.values():
                    pool.submit(capture.stop)

    def _obey_decisions(self) -> None:
        self._decisions.refresh()
        for capture in self._cameras.values():
            capture.obey_decisions()

    def _publish_statuses(self) -> None:
        now_s = self._clock.monotonic_s()
        self._publish_own(now_s)
        for camera_id, capture in self._cameras.items():
            states = capture.states()
            at_s, before = self._published.get(camera_id, (0.0, ()))
            if before != states or now_s - at_s >= STATUS_EVERY_S - _TICK_S / 2:
                self._published[camera_id] = (now_s, states)
                self._bus.offer(capture.status())

    def _publish_volumes(self) -> None:
        now_us = self._clock.now_us()
        for usage in self._recording.usage():
            self._bus.offer(VolumeStatus(self._name, str(usage.root), now_us, usage.fault, usage.detail))

    def _publish_own(self, now_s: float) -> None:
        if now_s < self._next_own_s:
            return
        self._next_own_s = now_s + STATUS_EVERY_S - _TICK_S / 2
        self._publish_volumes()
        recording = self._recording
        status = CaptureStatus(
            name=self._name,
            at_us=self._clock.now_us(),
            usage=own_usage(),
            journal_entries=recording.journal_entries,
            catalogued=recording.notes.delays.durations(),
            syncs=recording.syncs.durations(),
        )
        self._bus.offer(status)

    def _statuses(self) -> list[CameraStatus]:
        return [capture.status() for capture in self._cameras.values()]

    def _capture_of(self, camera_id: str) -> CameraCapture:
        """Raises FootageMissing."""
        capture = self._cameras.get(camera_id)
        if capture is None:
            raise unknown_camera(camera_id)
        return capture

    def _ptz_of(self, camera_id: str) -> PtzControls | None:
        return self._capture_of(camera_id).ptz

    def _want_keyframe(self, camera_id: str, profile: Profile) -> bool:
        return self._capture_of(camera_id).want_keyframe(profile)

    def _on_watched(self, camera_id: CameraId, profile: Profile, watched: bool) -> None:
        capture = self._cameras.get(camera_id)
        if capture is not None:
            capture.set_watched(profile, watched)


def run_capture(config: SiteConfig, group: int, stop: threading.Event) -> None:
    """Record the cameras of one group until `stop` is set. Raises ConfigError, StorageError."""
    groups = len(config.capture_groups())
    if not 0 <= group < groups:
        raise ConfigError([f"group {group} does not exist: this site has groups 0 to {groups - 1}"])
    store = Store(config.database_url)
    try:
        CaptureProcess(config, group, store, SystemClock()).run(stop)
    finally:
        store.close()
