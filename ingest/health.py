"""Counts and rates of one stream, written by its thread and read by any."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from ingest.source import StreamHealth
from vms.packet import Packet
from vms.status import SourceState
from vms.units import TICKS_PER_SECOND, Codec

_WINDOW_90k = 5 * TICKS_PER_SECOND
_MAX_POINTS = 2_000
"""(DTS of a picture, pictures so far, bytes so far): one for each read, the first of a run for its first picture."""
_SKEW_REPORTS = 12
_SKEW_STEP_US = 1_000_000


class HealthMeter:
    def __init__(self, now_us: int) -> None:
        self._lock = threading.Lock()
        self._health = StreamHealth("connecting", now_us)
        """But for what `packets` counts: that comes with every read, `health` is asked for now and then."""
        self._points: deque[tuple[int, int, int]] = deque(maxlen=_MAX_POINTS)
        self._pictures = self._bytes = self._lost = self._last_frame_us = 0
        self._gop_s = 0.0
        self._width = self._height = 0
        self._last_keyframe_90k: int | None = None
        self._skews_us: deque[int] = deque(maxlen=_SKEW_REPORTS)

    def health(self) -> StreamHealth:
        with self._lock:
            health = replace(
                self._health,
                lost_packets=self._lost,
                gop_s=self._gop_s,
                width=self._width,
                height=self._height,
                last_frame_us=self._last_frame_us,
                frames=self._pictures,
                bytes=self._bytes,
            )
            if health.state != "up" or not self._points:
                return health
            (first_90k, first_pictures, first_bytes), (last_90k, pictures, size) = self._points[0], self._points[-1]
            if last_90k <= first_90k:
                return health
            seconds = (last_90k - first_90k) / TICKS_PER_SECOND
            fps = round((pictures - first_pictures) / seconds, 2)
            return replace(health, fps=fps, bitrate_bps=round((size - first_bytes) * 8 / seconds))

    @property
    def source_state(self) -> SourceState:
        """Without working out the rates."""
        return self._health.state

    def state(self, state: SourceState, detail: str, now_us: int) -> None:
        """since_us moves only when the state changes."""
        with self._lock:
            since_us = self._health.since_us if state == self._health.state else now_us
            self._health = replace(self._health, state=state, detail=detail, since_us=since_us)

    def connected(self, codec: Codec, *, again: bool) -> None:
        with self._lock:
            self._points.clear()
            self._last_keyframe_90k = None
            self._skews_us.clear()
            reconnects = self._health.reconnects + again
            self._health = replace(self._health, codec=codec, reconnects=reconnects)

    def packets(self, packets: Sequence[Packet], width: int, height: int) -> None:
        if not packets:
            return
        with self._lock:
            for packet in packets:
                self._lost += packet.lost_before
                self._pictures += 1
                self._bytes += len(packet.data)
                if packet.starts_run:
                    self._points.clear()
                    self._last_keyframe_90k = None
                if packet.is_keyframe:
                    if self._last_keyframe_90k is not None:
                        self._gop_s = round((packet.dts_90k - self._last_keyframe_90k) / TICKS_PER_SECOND, 2)
                    self._last_keyframe_90k = packet.dts_90k
                if not self._points:
                    self._points.append((packet.dts_90k, self._pictures, self._bytes))
            self._points.append((packets[-1].dts_90k, self._pictures, self._bytes))
            while self._points[-1][0] - self._points[0][0] > _WINDOW_90k:
                self._points.popleft()
            self._width, self._height = width, height
            self._last_frame_us = packets[-1].received_us

    def clock_faults(self, repaired_times: int, clock_leaps: int) -> None:
        with self._lock:
            self._health = replace(self._health, repaired_times=repaired_times, clock_leaps=clock_leaps)

    def sender_report(self, camera_utc_us: int, received_us: int) -> None:
        """A report is read some time after it was sent, never before: the largest of the last ones is nearest."""
        skew_us = camera_utc_us - received_us
        with self._lock:
            if self._skews_us and abs(skew_us - max(self._skews_us)) > _SKEW_STEP_US:
                self._skews_us.clear()  # a clock was set
            self._skews_us.append(skew_us)
            self._health = replace(self._health, skew_ms=max(self._skews_us) / 1000)
