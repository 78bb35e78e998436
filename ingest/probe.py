"""Test one camera the way the system will use it: ask it through ONVIF, receive its streams, ask its position."""

import ipaddress
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from ingest import ptz_messages
from ingest.camera import StreamWorker
from ingest.onvif_camera import OnvifCamera
from ingest.onvif_client import resolve_camera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import OnvifLink
from ingest.probe_findings import CameraFacts, Problem, StreamFacts, find_problems
from ingest.source import StreamDown, StreamSource
from vms.clock import Clock, SystemClock
from vms.errors import CameraError, ConfigError
from vms.packet import Packet, PtzPose
from vms.units import CameraId, Profile

MIN_MEASURE_S = 3.0
MAX_MEASURE_S = 12.0
"""Long enough to see three GOPs of the longest acceptable length."""
ENOUGH_KEYFRAMES = 3
STATUS_TIMEOUT_S = 5.0
_CAMERA = CameraId("probe")
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """target: what was tested, without credentials. camera: None when it was tested by RTSP only, or did not answer.

    pose: where it looks; None when it does not turn or does not tell.
    """

    target: str
    camera: OnvifCamera | None
    facts: CameraFacts
    pose: PtzPose | None
    problems: tuple[Problem, ...]

    @property
    def is_usable(self) -> bool:
        return not any(problem.severity == "fault" for problem in self.problems)


def probe(
    url_or_host: str,
    username: str = "",
    password: str = "",
    clock: Clock | None = None,
    max_measure_s: float = MAX_MEASURE_S,
    ca_file: Path | None = None,
) -> ProbeReport:
    """Blocking, some 3…25 s. Camera errors become problems in the report; raises ConfigError for a wrong target.

    url_or_host: rtsp(s)://… tests that stream only; http://HOST[:PORT]/… or HOST[:PORT] asks through ONVIF.
    """
    clock = clock or SystemClock()
    parts = _target(url_or_host)
    username = username or unquote(parts.username or "")
    password = password or unquote(parts.password or "")
    if parts.scheme in ("rtsp", "rtsps"):
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        source = StreamSource(_CAMERA, "main", url, username, password, ca_file=ca_file)
        return probe_streams({"main": source}, clock, max_measure_s)
    endpoint = OnvifEndpoint(parts.hostname or "", parts.port or 80, username, password)
    return probe_onvif(endpoint, clock, max_measure_s, ca_file)


def probe_streams(
    sources: dict[Profile, StreamSource], clock: Clock, max_measure_s: float = MAX_MEASURE_S
) -> ProbeReport:
    """Streams known by their addresses; blocking for as long as measuring takes."""
    streams = _measure_all(sources, clock, max_measure_s)
    skew_ms = next((stream.skew_ms for stream in streams if stream.skew_ms is not None), None)
    facts = CameraFacts(onvif=False, streams=streams, skew_ms=skew_ms)
    return _report(streams[0].url if streams else "", None, facts, None)


def probe_onvif(
    endpoint: OnvifEndpoint, clock: Clock, max_measure_s: float = MAX_MEASURE_S, ca_file: Path | None = None
) -> ProbeReport:
    """Everything the camera offers; blocking."""
    try:
        camera = resolve_camera(endpoint, clock=clock)
    except CameraError as error:
        return _report(endpoint.authority, None, CameraFacts(onvif=True, error=str(error)), None)
    sources: dict[Profile, StreamSource] = {"main": _source(endpoint, "main", camera.main_url, ca_file)}
    if camera.sub_url:
        sources["sub"] = _source(endpoint, "sub", camera.sub_url, ca_file)
    streams = _measure_all(sources, clock, max_measure_s)
    pose, detail = _pose(endpoint, camera, clock)
    told = (stream.skew_ms for stream in streams if stream.skew_ms is not None)
    facts = CameraFacts(
        onvif=True,
        streams=streams,
        skew_ms=next(told, camera.skew_ms),
        has_media2=camera.has_media2,
        ptz="none" if camera.ptz_token is None else "ok" if pose else "fault",
        ptz_detail=detail,
    )
    return _report(endpoint.authority, camera, facts, pose)


def _report(target: str, camera: OnvifCamera | None, facts: CameraFacts, pose: PtzPose | None) -> ProbeReport:
    return ProbeReport(target, camera, facts, pose, tuple(find_problems(facts)))


def _source(endpoint: OnvifEndpoint, profile: Profile, url: str, ca_file: Path | None) -> StreamSource:
    return StreamSource(_CAMERA, profile, url, endpoint.username, endpoint.password, ca_file=ca_file)


def _target(url_or_host: str) -> SplitResult:
    text = url_or_host.strip()
    if "://" not in text:
        text = f"http://[{text}]" if _is_bare_ipv6(text) else f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("rtsp", "rtsps", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(["not a camera's address: give rtsp://HOST/PATH, http://HOST:PORT or HOST[:PORT]"])
    return parts


def _is_bare_ipv6(text: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(text), ipaddress.IPv6Address)
    except ValueError:
        return False


def _pose(endpoint: OnvifEndpoint, camera: OnvifCamera, clock: Clock) -> tuple[PtzPose | None, str]:
    if camera.ptz_path is None or camera.ptz_token is None:
        return None, ""
    link = OnvifLink(endpoint, clock, camera.skew)
    try:
        answer = link.ask(camera.ptz_path, ptz_messages.get_status(camera.ptz_token), STATUS_TIMEOUT_S)
        return ptz_messages.read_pose(answer.content, _CAMERA, answer.middle_us), ""
    except CameraError as error:
        return None, str(error)
    finally:
        link.close()


def _measure_all(sources: dict[Profile, StreamSource], clock: Clock, max_measure_s: float) -> tuple[StreamFacts, ...]:
    """All at the same time, as they will be recorded."""
    measures = [_Measure(source, clock) for source in sources.values()]
    try:
        end_s = clock.monotonic_s() + max_measure_s
        while clock.monotonic_s() < end_s and not all(measure.has_enough() for measure in measures):
            clock.sleep_s(_STEP_S)
        return tuple(measure.facts() for measure in measures)
    finally:
        for measure in measures:
            measure.stop()


class _Measure:
    """Receives one stream with the recorder's own client and counts."""

    def __init__(self, source: StreamSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._keyframes = 0
        self._last_pts_90k: int | None = None
        self._has_b_frames = False
        self._first_s: float | None = None
        self._down: StreamDown | None = None
        self._worker = StreamWorker(_CAMERA, source.profile, lambda: source, clock, self._on_packets, self._on_down)
        self._worker.set_watched(True)
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def has_enough(self) -> bool:
        """Measured long enough, or lost: a probe does not try again, or an account may lock."""
        with self._lock:
            if self._down is not None:
                return True
            measured_s = 0.0 if self._first_s is None else self._clock.monotonic_s() - self._first_s
            return measured_s >= MIN_MEASURE_S and self._keyframes >= ENOUGH_KEYFRAMES

    def facts(self) -> StreamFacts:
        health = self._worker.health()
        with self._lock:
            nothing = StreamFacts(self._source.profile, self._source.url)
            if self._first_s is None:
                reason = self._down.detail if self._down else health.detail or "connected, but no picture came"
                return replace(nothing, error=reason)
            return replace(
                nothing,
                codec=health.codec,
                width=health.width,
                height=health.height,
                fps=health.fps,
                gop_s=health.gop_s,
                bitrate_bps=health.bitrate_bps,
                lost_packets=health.lost_packets,
                has_b_frames=self._has_b_frames,
                skew_ms=health.skew_ms,
                measured_s=self._clock.monotonic_s() - self._first_s,
                error=f"lost after a moment: {self._down.detail}" if self._down else "",
            )

    def _on_packets(self, packets: Sequence[Packet]) -> None:
        with self._lock:
            if self._first_s is None:
                self._first_s = self._clock.monotonic_s()
            for packet in packets:
                self._keyframes += packet.is_keyframe
                before = None if packet.starts_run else self._last_pts_90k
                self._has_b_frames |= before is not None and packet.pts_90k < before
                self._last_pts_90k = packet.pts_90k

    def _on_down(self, down: StreamDown) -> None:
        with self._lock:
            self._down = down
