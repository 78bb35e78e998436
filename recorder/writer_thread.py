"""One writer thread per volume: a slow disk holds up only the streams that are on it."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from recorder.segment_writer import StreamRecorder
from recorder.sync_meter import SyncMeter
from recorder.volume_sync import VolumeSync
from vms.clock import Clock
from vms.errors import UitkijkError
from vms.rhythm import READ_EVERY_S, WRITE_AFTER_S, until_next_s

log = logging.getLogger(__name__)

_UNFORESEEN = (UitkijkError, av.FFmpegError, OSError, ValueError, TypeError, LookupError, ArithmeticError)
"""What a hostile or odd picture could make a library raise."""


@dataclass(frozen=True, slots=True)
class SyncTiming:
    """every_s: how much of what was written a power cut may cost; a round of writing is the least."""

    every_s: float = 0.5
    meter: SyncMeter | None = None


class VolumeWriter:
    """Thread "writer-<n>". Streams may be added while it runs, and move to the writer of the volume they chose."""

    def __init__(
        self, root: Path, number: int, clock: Clock, sync: SyncTiming | None = None, interval_s: float = READ_EVERY_S
    ) -> None:
        """root: of the volume, whether it is there or not."""
        self.root = root
        self._clock = clock
        sync = sync or SyncTiming()
        self._sync = VolumeSync(root, sync.meter)
        self._sync_every_s = sync.every_s
        self._sync_at_s = 0.0
        self._round_began_s: float | None = None
        self.peers: Sequence[VolumeWriter] = (self,)
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._streams: list[StreamRecorder] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"writer-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish every open segment; `join` waits for it."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def round_s(self) -> float:
        """How long it has been writing without coming to the end of its streams: a disk that is slow, or hangs."""
        began_s = self._round_began_s
        return 0.0 if began_s is None else self._clock.monotonic_s() - began_s

    def adopt(self, stream: StreamRecorder) -> None:
        with self._lock:
            self._streams.append(stream)

    def _run(self) -> None:
        while not self._stop.wait(until_next_s(self._clock.monotonic_s(), self._interval_s, WRITE_AFTER_S)):
            self._round_began_s = self._clock.monotonic_s()
            self._round()
            self._round_began_s = None
        for stream in self._owned():
            self._guarded(stream, stop=True)
        self._sync.close()

    def _round(self) -> None:
        streams = self._owned()
        is_busy = any(stream.writing_since_us is not None or stream.queue.queued_bytes for stream in streams)
        if is_busy:
            self._begin_sync()
        for stream in streams:
            self._guarded(stream, stop=False)
            self._hand_over(stream)
        if not is_busy:
            self._sync.close()
        elif self._clock.monotonic_s() >= self._sync_at_s:
            self._make_safe(streams)

    def _begin_sync(self) -> None:
        try:
            self._sync.begin()
        except OSError as error:  # the streams will find out what is wrong with the volume
            log.debug("sync_not_begun", extra={"path": str(self.root), "detail": str(error)})
            self._sync.close()

    def _make_safe(self, streams: Sequence[StreamRecorder]) -> None:
        try:
            self._sync.sync()
        except OSError as error:
            log.error("volume_sync_failed", extra={"path": str(self.root), "detail": str(error)})
            self._sync.close()
            for stream in streams:
                stream.distrust(self.root, f"{self.root}: sync: {error.strerror}")
        self._sync_at_s = self._clock.monotonic_s() + self._sync_every_s - self._interval_s / 2

    def _owned(self) -> list[StreamRecorder]:
        with self._lock:
            return list(self._streams)

    def _hand_over(self, stream: StreamRecorder) -> None:
        wanted = stream.volume_root
        if wanted is None or wanted == self.root or self._stop.is_set():
            return
        for peer in self.peers:
            if peer.root == wanted:
                with self._lock:
                    self._streams.remove(stream)
                peer.adopt(stream)
                return

    def _guarded(self, stream: StreamRecorder, *, stop: bool) -> None:
        try:
            if stop:
                stream.close()
            else:
                stream.pump()
        except _UNFORESEEN as error:
            log.exception("recording_failed", extra={"camera": stream.camera_id, "profile": stream.profile})
            stream.fail(f"{type(error).__name__}: {error}")
