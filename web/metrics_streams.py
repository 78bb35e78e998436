"""Prometheus: cameras and their streams, as capture last said. While a process is silent its streams have no series."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, get_args

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from vms.clock import Clock
from vms.status import RecordingState, SourceState, StreamStatus
from web.camera_state import CameraState
from web.status_board import StatusBoard

_STREAM = ("camera", "profile")


class _PerStream(NamedTuple):
    """value: of a stream at server time now_us; None = nothing to tell."""

    family: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    text: str
    value: Callable[[StreamStatus, int], float | None]


def _since_s(at_us: int, now_us: int) -> float | None:
    return max(0, now_us - at_us) / 1e6 if at_us else None


def _gap_s(stream: StreamStatus, now_us: int) -> float:
    if stream.recording == "on" or stream.recording_reason == "not_wanted":
        return 0.0
    return max(0, now_us - stream.recording_since_us) / 1e6


_COUNTS: tuple[_PerStream, ...] = (
    _PerStream(CounterMetricFamily, "uitkijk_stream_frames", "Pictures received whole.", lambda s, _: s.counts.frames),
    _PerStream(CounterMetricFamily, "uitkijk_stream_bytes", "Bytes of those pictures.", lambda s, _: s.counts.bytes),
    _PerStream(
        CounterMetricFamily,
        "uitkijk_stream_lost_packets",
        "RTP packets that never came, by their sequence numbers.",
        lambda s, _: s.lost_packets,
    ),
    _PerStream(
        CounterMetricFamily,
        "uitkijk_stream_dropped_pictures",
        "Pictures that came and were not recorded, because the disk could not keep up.",
        lambda s, _: s.counts.dropped_pictures,
    ),
    _PerStream(
        CounterMetricFamily, "uitkijk_stream_reconnects", "Connections after the first.", lambda s, _: s.reconnects
    ),
    _PerStream(
        GaugeMetricFamily,
        "uitkijk_stream_last_frame_age_seconds",
        "Since the newest picture was received.",
        lambda s, now_us: _since_s(s.last_frame_us, now_us),
    ),
    _PerStream(
        GaugeMetricFamily,
        "uitkijk_stream_queue_packets",
        "Pictures that wait for the disk.",
        lambda s, _: s.counts.queued_packets,
    ),
    _PerStream(
        GaugeMetricFamily,
        "uitkijk_stream_queue_bytes",
        "Bytes that wait for the disk.",
        lambda s, _: s.counts.queued_bytes,
    ),
    _PerStream(
        GaugeMetricFamily,
        "uitkijk_recording_gap_seconds",
        "How long nothing has been recorded now; 0 while it is, or need not be.",
        _gap_s,
    ),
    _PerStream(
        GaugeMetricFamily,
        "uitkijk_segment_catalog_delay_seconds",
        "Of the last segment: from complete on disk to in the catalog.",
        lambda s, _: s.catalog_delay_s,
    ),
)


class StreamCollector(Collector):
    def __init__(self, board: StatusBoard, clock: Clock) -> None:
        self._board = board
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        states = self._board.cameras()
        yield _per_camera("uitkijk_camera_up", "1 while the main stream delivers pictures.", states, _is_up)
        yield _per_camera("uitkijk_camera_recording", "1 while every recorded stream is written.", states, _records)
        yield _per_camera("uitkijk_camera_mask_fault", "1 while masks cannot be trusted.", states, _mask_fault)
        now_us = self._clock.now_us()
        for known in _COUNTS:
            family = known.family(known.name, known.text, labels=_STREAM)
            for labels, stream in _streams(states):
                if (value := known.value(stream, now_us)) is not None:
                    family.add_metric(labels, value)
            yield family
        yield _states("uitkijk_stream_state", SourceState, states, lambda stream: stream.state)
        yield _states("uitkijk_recording_state", RecordingState, states, lambda stream: stream.recording)
        yield _gaps(states)


def _streams(states: Mapping[str, CameraState]) -> Iterator[tuple[tuple[str, str], StreamStatus]]:
    for camera_id, state in states.items():
        if state.main is not None:
            yield (camera_id, "main"), state.main
        if state.sub is not None:
            yield (camera_id, "sub"), state.sub


def _states(
    name: str, states: object, cameras: Mapping[str, CameraState], of: Callable[[StreamStatus], str]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, "1 for the state it is in, 0 for every other.", labels=[*_STREAM, "state"])
    for labels, stream in _streams(cameras):
        for state in get_args(states):
            family.add_metric([*labels, state], of(stream) == state)
    return family


def _gaps(cameras: Mapping[str, CameraState]) -> CounterMetricFamily:
    family = CounterMetricFamily("uitkijk_recording_gaps", "Gaps that began, by reason.", labels=[*_STREAM, "reason"])
    for labels, stream in _streams(cameras):
        for reason, count in sorted(stream.counts.gaps.items()):
            family.add_metric([*labels, reason], count)
    return family


def _is_up(state: CameraState) -> bool:
    return state.source == "up"


def _records(state: CameraState) -> bool:
    return state.rec == "on"


def _mask_fault(state: CameraState) -> bool:
    return state.mask == "fault"


def _per_camera(
    name: str, text: str, states: Mapping[str, CameraState], test: Callable[[CameraState], bool]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["camera"])
    for camera_id, state in states.items():
        family.add_metric([camera_id], test(state))
    return family
