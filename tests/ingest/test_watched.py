"""Watched streams are read together, and one that fails fails alone."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from ingest.watched import WatchedReads
from vms.clock import SystemClock
from vms.errors import CameraUnreachable, UitkijkError


class Stream:
    """A worker's thread that lends its session: what it read, and how that ended."""

    def __init__(self, reads: WatchedReads, stack: ExitStack, every_s: float = 0.04) -> None:
        self.camera, self.ours = (stack.enter_context(end) for end in socket.socketpair())
        self.every_s = every_s
        self.read: list[bytes] = []
        self.fails: Exception | None = None
        self.wanted = True
        self.result: bool | UitkijkError | None = None
        self._news = threading.Condition()
        self.thread = threading.Thread(target=self._work, args=(reads,))
        self.thread.start()

    def _work(self, reads: WatchedReads) -> None:
        try:
            self.result = reads.read_while(self.ours.fileno(), self._step, lambda: self.wanted, self.every_s)
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

        def new(reads: WatchedReads, every_s: float = 0.04) -> Stream:
            streams.append(Stream(reads, stack, every_s))
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


class Rounds(SystemClock):
    """A clock that sleeps no time and stops what reads after some rounds."""

    def __init__(self, last_s: float) -> None:
        self.now_s, self.last_s = 0.01, last_s
        self.is_over = False

    def monotonic_s(self) -> float:
        return self.now_s

    def sleep_s(self, seconds: float) -> None:
        self.now_s += seconds + 0.001
        self.is_over = self.now_s >= self.last_s


@pytest.mark.parametrize(("rhythms_s", "rounds"), [((0.08,), 12), ((0.04,), 25), ((0.04, 0.08), 25)])
def test_each_stream_is_read_in_its_own_rhythm_and_the_most_urgent_wakes(
    rhythms_s: tuple[float, ...], rounds: int
) -> None:
    clock, announced = Rounds(1.0), []
    reads = WatchedReads(clock, lambda: announced.append(clock.now_s))
    with ExitStack() as stack:
        ends = [stack.enter_context(end) for _ in rhythms_s for end in socket.socketpair()]
        looks: list[list[float]] = [[] for _ in rhythms_s]
        everybody = threading.Barrier(len(rhythms_s))

        def lend(index: int) -> None:
            ends[2 * index + 1].send(b"never read")
            everybody.wait(5)

            def step() -> None:
                looks[index].append(clock.now_s)

            reads.read_while(ends[2 * index].fileno(), step, lambda: not clock.is_over, rhythms_s[index])

        threads = [threading.Thread(target=lend, args=(index,)) for index in range(len(rhythms_s))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
    for rhythm_s, looked in zip(rhythms_s, looks, strict=True):
        assert all(after - before >= rhythm_s - 0.01 for before, after in pairwise(looked[1:]))
    assert len(announced) <= rounds


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
