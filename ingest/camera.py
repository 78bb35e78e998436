"""One stream of one camera, kept alive: connect, read, watch, reconnect. One thread per stream.

The worker reads in large pieces, every 0.7 s (`vms.rhythm`) while nobody watches. While somebody does, it lends its
session to who reads all watched streams together (`ingest.watched`).
Its watchdog counts pictures, not bytes: a camera that only sends keep-alives is stalled.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from ingest.back_off import BackOff
from ingest.clock_faults import ClockFaults
from ingest.health import HealthMeter
from ingest.libav_source import LibavFeed
from ingest.packet_builder import PacketBuilder, StreamIdentity
from ingest.rtsp import RtspSession, RtspTiming
from ingest.rtsp_connection import StopRequested
from ingest.source import FeedRead, MediaFeed, PolledFeed, StreamDown, StreamHealth, StreamSource
from ingest.turns import ReadTurns
from vms.clock import Clock
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError, StreamStalled, UitkijkError
from vms.packet import Packet
from vms.rhythm import READ_EVERY_S, watched_every_s
from vms.status import SourceState
from vms.units import CameraId, Profile

__all__ = ["StreamDown", "StreamHealth", "StreamSource", "StreamWorker", "WorkerTiming", "open_feed"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerTiming:
    """read_every_s: while nobody watches. watchdog_s: without one complete picture for so long, reconnect.

    keyframe_watchdog_s: pictures come, but none that can be decoded: long enough for the longest GOP in use.
    """

    read_every_s: float = READ_EVERY_S
    watchdog_s: float = 5.0
    keyframe_watchdog_s: float = 30.0
    rtsp: RtspTiming = field(default_factory=RtspTiming)


OpenFeed = Callable[[StreamSource, Clock, threading.Event, WorkerTiming], MediaFeed]


def open_feed(source: StreamSource, clock: Clock, stop: threading.Event, timing: WorkerTiming) -> MediaFeed:
    if source.transport == "libav":
        return LibavFeed.open(source, clock, stop)
    return RtspSession.open(source, clock, stop, timing.rtsp)


def _state_after(error: UitkijkError) -> SourceState:
    if isinstance(error, CameraUnauthorized):
        return "unauthorized"
    if isinstance(error, StreamStalled):
        return "stalled"
    if isinstance(error, ProtocolError):
        return "protocol_error"
    return "unreachable"


class StreamWorker:
    """Thread "cam-<camera>-<profile>". `start`, `stop`, `set_watched` and `health` may be called from any thread.

    resolve: where the stream is now (may ask ONVIF, may block for seconds; raises a UitkijkError). Called before
        each attempt, so that changed addresses and passwords are picked up.
    on_connected: a session began; its first keyframe is yet to come.
    on_packets, on_down, on_connected: called in the worker's thread; they must not block and must not raise. Packets
        come in order, as many as one read brought, at least one.
    """

    def __init__(
        self,
        camera_id: CameraId,
        profile: Profile,
        resolve: Callable[[], StreamSource],
        clock: Clock,
        on_packets: Callable[[Sequence[Packet]], None],
        on_down: Callable[[StreamDown], None],
        *,
        timing: WorkerTiming | None = None,
        back_off: BackOff | None = None,
        turns: ReadTurns | None = None,
        open_feed: OpenFeed = open_feed,
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        self._camera_id = camera_id
        self._profile = profile
        self._resolve = resolve
        self._clock = clock
        self._on_packets = on_packets
        self._on_down = on_down
        self._timing = timing or WorkerTiming()
        self._back_off = back_off or BackOff()
        self._open_feed = open_feed
        self._on_connected = on_connected
        self._reconnect_why = ""
        self._stop = threading.Event()
        self._turns = turns or ReadTurns(clock)
        self._nudges: SimpleQueue[None] = SimpleQueue()
        self._watched = self._reads_alone = False
        self._meter = HealthMeter(clock.now_us())
        self._clock_faults = ClockFaults(camera_id, profile)
        self._credentials: tuple[str, str] | None = None
        self._sequence = 0
        self._was_connected = False
        self._told_down = False
        self._up_since_s: float | None = None
        self._connected_s = self._last_picture_s = self._last_packet_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"cam-{camera_id}-{profile}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """Returns when the thread has ended, or after `timeout_s`. on_down is not called for it."""
        self._stop.set()
        self._nudges.put(None)
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def reconnect(self, why: str) -> None:
        """End this session, as if the stream were lost, and begin the next."""
        self._reconnect_why = why
        self._nudges.put(None)

    def set_watched(self, watched: bool) -> None:
        """True: hand on each picture as it comes. Loses nothing either way."""
        self._watched = watched
        if watched:
            self._nudges.put(None)

    def health(self) -> StreamHealth:
        return self._meter.health()

    @property
    def source_state(self) -> SourceState:
        """As in `health`, at next to no cost."""
        return self._meter.source_state

    def _run(self) -> None:
        failed = True
        try:
            while not self._stop.is_set():
                self._stop.wait(self._attempt())
            failed = False
        finally:
            if failed:  # a bug: the exception itself goes to threading.excepthook
                self._down("protocol_error", "internal error in the stream's thread")
            else:
                self._meter.state("stopped", "", self._clock.now_us())

    def _attempt(self) -> float:
        """One session. Returns the seconds to wait before the next."""
        self._up_since_s = None
        try:
            self.run_once()
        except StopRequested:
            return 0.0
        except UitkijkError as error:
            return self._lost(error)
        return 0.0

    def run_once(self) -> None:
        """Resolve, connect and read until told to stop. Raises whatever ends the session."""
        if not self._told_down:  # a stream that is down stays so, since then, until it is up again
            self._meter.state("connecting", "", self._clock.now_us())
        source = self._resolve()
        if self._credentials != (source.username, source.password):
            self._credentials = (source.username, source.password)
            self._back_off.credentials_changed()
        with closing(self._open_feed(source, self._clock, self._stop, self._timing)) as feed:
            identity = StreamIdentity(self._camera_id, self._profile, feed.codec)
            builder = PacketBuilder(identity, feed.parameter_sets, self._sequence)
            self._clock_faults.new_session()
            self._meter.connected(feed.codec, again=self._was_connected)
            self._was_connected = True
            self._connected_s = self._last_picture_s = self._last_packet_s = self._clock.monotonic_s()
            self._on_connected()
            has_more = False
            while not self._stop.is_set():
                if self._watched:
                    self._read_watched(feed, builder)
                else:
                    if not has_more:
                        self._pause()
                    with self._turns.turn():
                        has_more = self._take(feed.read(), builder)
                self._watch()

    def _pause(self) -> None:
        with contextlib.suppress(Empty):
            self._nudges.get(timeout=self._turns.until_next_s(self._timing.read_every_s))

    def _read_watched(self, feed: MediaFeed, builder: PacketBuilder) -> None:
        """Together with others, if this feed can and never stumbled there."""
        if not isinstance(feed, PolledFeed) or self._reads_alone:
            self._take(feed.read(), builder)
            self._turns.watched.on_round()
            return

        def step() -> None:
            self._take(feed.read_now(), builder)
            self._watch()

        every_s = watched_every_s(self._profile)
        self._reads_alone = not self._turns.watched.read_while(feed.fileno(), step, self._is_watched, every_s)

    def _is_watched(self) -> bool:
        return self._watched and not self._stop.is_set()

    def _take(self, read: FeedRead, builder: PacketBuilder) -> bool:
        """Whether more is waiting already."""
        now_us = self._clock.now_us()
        for report in read.reports:
            utc_us = report.utc_us(now_us)
            builder.timeline.sender_report(report.rtp_timestamp, utc_us)
            self._meter.sender_report(utc_us, now_us)
        packets = builder.build(read.units, now_us)
        self._sequence = builder.sequence
        if read.units:
            self._last_picture_s = self._clock.monotonic_s()
        if packets:
            self._on_packets(packets)
            self._last_packet_s = self._clock.monotonic_s()
            self._meter.packets(packets, builder.sps.width, builder.sps.height)
            if self._clock_faults.has_news(builder.timeline):
                self._meter.clock_faults(self._clock_faults.repaired, self._clock_faults.leaps)
            if self._up_since_s is None:
                self._came_up()
        return read.has_more

    def _came_up(self) -> None:
        self._up_since_s = self._clock.monotonic_s()
        self._told_down = False
        self._meter.state("up", "", self._clock.now_us())
        fields = {"camera": self._camera_id, "profile": self._profile}
        log.info("stream_up", extra={**fields, "keyframe_wait_s": round(self._up_since_s - self._connected_s, 2)})

    def _watch(self) -> None:
        why, self._reconnect_why = self._reconnect_why, ""
        if why:
            raise CameraUnreachable(why)
        now_s = self._clock.monotonic_s()
        if now_s - self._last_picture_s > self._timing.watchdog_s:
            raise StreamStalled(f"connected, but no picture for {now_s - self._last_picture_s:.0f} s")
        if now_s - self._last_packet_s > self._timing.keyframe_watchdog_s:
            raise StreamStalled(
                f"pictures come, but for {self._timing.keyframe_watchdog_s:.0f} s no keyframe with parameter sets: "
                "set a key frame interval of 1 to 4 s on the camera"
            )

    def _lost(self, error: UitkijkError) -> float:
        up_s = 0.0 if self._up_since_s is None else self._clock.monotonic_s() - self._up_since_s
        state = _state_after(error)
        delay_s = self._back_off.next_s(state, up_s)
        level = logging.DEBUG if self._told_down else logging.WARNING
        fields = {"camera": self._camera_id, "profile": self._profile, "state": state, "detail": str(error)}
        log.log(level, "stream_lost", extra={**fields, "retry_in_s": round(delay_s, 1)})
        self._down(state, str(error))
        return delay_s

    def _down(self, state: SourceState, detail: str) -> None:
        now_us = self._clock.now_us()
        self._meter.state(state, detail, now_us)
        if self._told_down:
            return
        self._told_down = True
        last_frame_us = self._meter.health().last_frame_us or None
        self._on_down(StreamDown(self._camera_id, self._profile, state, detail, now_us, last_frame_us))
