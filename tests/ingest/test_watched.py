"""Watched streams are read together, and one that fails fails alone."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from ingest.watched import WatchedReads
from vms.clock import SystemClock
from vms.errors import CameraUnreachable, UitkijkError


class Stream:
    """A worker's thread that lends its session: what it read, and how that ended."""

    def __init__(self, reads: WatchedReads, stack: ExitStack) -> None:
        self.camera, self.ours = (stack.enter_context(end) for end in socket.socketpair())
        self.read: list[bytes] = []
        self.fails: Exception | None = None
        self.wanted = True
        self.result: bool | UitkijkError | None = None
        self._news = threading.Condition()
        self.thread = threading.Thread(target=self._work, args=(reads,))
        self.thread.start()

    def _work(self, reads: WatchedReads) -> None:
        try:
            self.result = reads.read_while(self.ours.fileno(), self._step, lambda: self.wanted)
        except UitkijkError as error:
            self.result = error

    def _step(self) -> None:
        if self.fails is not None:
            raise self.fails
        try:
            data = self.ours.recv(100, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        with self._news:
            self.read.append(data)
            self._news.notify_all()

    def sends(self, data: bytes) -> None:
        self.camera.send(data)

    def has_read(self, count: int) -> bool:
        with self._news:
            return self._news.wait_for(lambda: len(self.read) >= count, 5)

    def ended(self) -> bool | UitkijkError | None:
        self.thread.join(5)
        return self.result


@pytest.fixture
def make() -> Iterator[Callable[..., Stream]]:
    with ExitStack() as stack:
        streams: list[Stream] = []

        def new(reads: WatchedReads) -> Stream:
            streams.append(Stream(reads, stack))
            return streams[-1]

        yield new
        for stream in streams:
            stream.wanted = False
            stream.thread.join(5)


def test_what_comes_is_read_until_nobody_wants_it_any_more(make: Callable[..., Stream]) -> None:
    stream = make(WatchedReads(SystemClock()))
    for count in range(1, 4):
        stream.sends(b"picture")
        assert stream.has_read(count)
    stream.wanted = False
    assert stream.ended() is True


def test_all_that_one_round_read_is_announced_once(make: Callable[..., Stream]) -> None:
    rounds: list[list[int]] = []
    announced = threading.Event()

    def on_round() -> None:
        rounds.append([len(stream.read) for stream in streams])
        if all(stream.read for stream in streams):
            announced.set()

    streams: list[Stream] = []
    reads = WatchedReads(SystemClock(), on_round)
    streams += [make(reads) for _ in range(8)]
    for stream in streams:
        stream.sends(b"picture")
    assert announced.wait(5)
    assert len(rounds) <= 3, "eight pictures, sent within a moment"


def test_what_a_camera_did_wrong_is_told_to_its_own_worker(make: Callable[..., Stream]) -> None:
    reads = WatchedReads(SystemClock())
    gone, other = make(reads), make(reads)
    gone.fails = CameraUnreachable("connection lost")
    gone.sends(b"picture")
    assert gone.ended() is gone.fails
    other.sends(b"picture")
    assert other.has_read(1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_sends_its_own_stream_off_and_the_others_come_back(make: Callable[..., Stream]) -> None:
    reads = WatchedReads(SystemClock())
    buggy, other = make(reads), make(reads)
    buggy.fails = ZeroDivisionError()
    buggy.sends(b"picture")
    assert buggy.ended() is False, "it must show this in its own thread"
    assert other.ended() is True
    again = make(reads)
    again.sends(b"picture")
    assert again.has_read(1)
