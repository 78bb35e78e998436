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
_MAX_WINDOW_PACKETS = 2_000
_SKEW_REPORTS = 12
_SKEW_STEP_US = 1_000_000


class HealthMeter:
    def __init__(self, now_us: int) -> None:
        self._lock = threading.Lock()
        self._health = StreamHealth("connecting", now_us)
        self._window: deque[tuple[int, int]] = deque(maxlen=_MAX_WINDOW_PACKETS)
        self._last_keyframe_90k: int | None = None
        self._skews_us: deque[int] = deque(maxlen=_SKEW_REPORTS)

    def health(self) -> StreamHealth:
        with self._lock:
            health = self._health
            span_90k = self._window[-1][0] - self._window[0][0] if self._window else 0
            if health.state != "up" or span_90k <= 0:
                return health
            seconds = span_90k / TICKS_PER_SECOND
            payload_bytes = sum(size for _, size in self._window) - self._window[0][1]
            fps = round((len(self._window) - 1) / seconds, 2)
            return replace(health, fps=fps, bitrate_bps=round(payload_bytes * 8 / seconds))

    def state(self, state: SourceState, detail: str, now_us: int) -> None:
        """since_us moves only when the state changes."""
        with self._lock:
            since_us = self._health.since_us if state == self._health.state else now_us
            self._health = replace(self._health, state=state, detail=detail, since_us=since_us)

    def connected(self, codec: Codec, *, again: bool) -> None:
        with self._lock:
            self._window.clear()
            self._last_keyframe_90k = None
            self._skews_us.clear()
            reconnects = self._health.reconnects + again
            self._health = replace(self._health, codec=codec, reconnects=reconnects)

    def packets(self, packets: Sequence[Packet], width: int, height: int) -> None:
        if not packets:
            return
        with self._lock:
            lost, gop_s = self._health.lost_packets, self._health.gop_s
            for packet in packets:
                lost += packet.lost_before
                if packet.starts_run:
                    self._window.clear()
                    self._last_keyframe_90k = None
                if packet.is_keyframe:
                    if self._last_keyframe_90k is not None:
                        gop_s = round((packet.dts_90k - self._last_keyframe_90k) / TICKS_PER_SECOND, 2)
                    self._last_keyframe_90k = packet.dts_90k
                self._window.append((packet.dts_90k, len(packet.data)))
            while self._window[-1][0] - self._window[0][0] > _WINDOW_90k:
                self._window.popleft()
            self._health = replace(
                self._health,
                lost_packets=lost,
                gop_s=gop_s,
                width=width,
                height=height,
                last_frame_us=packets[-1].received_us,
            )

    def sender_report(self, camera_utc_us: int, received_us: int) -> None:
        """A report is read some time after it was sent, never before: the largest of the last ones is nearest."""
        skew_us = camera_utc_us - received_us
        with self._lock:
            if self._skews_us and abs(skew_us - max(self._skews_us)) > _SKEW_STEP_US:
                self._skews_us.clear()  # a clock was set
            self._skews_us.append(skew_us)
            self._health = replace(self._health, skew_ms=max(self._skews_us) / 1000)
