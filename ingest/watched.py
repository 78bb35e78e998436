"""The streams that somebody watches, read together: one thread for all of a process, every 40 ms, or 80.

A thread per stream that wakes for every picture costs more than the picture: switching threads, waking the bus, waking
whoever reads it. So a stream's worker lends its session while it is watched. What was read in one round leaves
together, and everything behind it wakes once.
"""

import select
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from vms.clock import Clock
from vms.errors import UitkijkError
from vms.rhythm import until_next_s

_LOOK_EVERY_S = 0.5
"""A silent stream has its turn too: its watchdog barks there, and its session is kept alive."""


@dataclass(slots=True, eq=False)
class _Loan:
    """step: reads what is there, never waits. ended: the worker may go on, with what is in `error`.

    turn: number of the last round of its own rhythm that it took part in.
    """

    fd: int
    step: Callable[[], None]
    is_wanted: Callable[[], bool]
    every_s: float
    next_look_s: float
    turn: int = -1
    ended: threading.Event = field(default_factory=threading.Event)
    error: UitkijkError | None = None
    is_broken: bool = False


class WatchedReads:
    """read_while() from any number of threads at once.

    on_round: called after a round that read something; whoever reads a watched stream alone calls it too.
    """

    def __init__(self, clock: Clock, on_round: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self.on_round = on_round
        self._lock = threading.Lock()
        self._loans: dict[int, _Loan] = {}
        self._poll = select.poll()
        self._is_running = False

    def read_while(self, fd: int, step: Callable[[], None], is_wanted: Callable[[], bool], every_s: float) -> bool:
        """Each `every_s`, `step` is called if `fd` has something, else now and then, as long as `is_wanted`; blocks.

        Raises what `step` raised, if it is an UitkijkError. False: it raised something else, and must show it alone.
        """
        loan = _Loan(fd, step, is_wanted, every_s, self._clock.monotonic_s())
        with self._lock:
            self._loans[fd] = loan
            self._poll.register(fd, select.POLLIN)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="watched", daemon=True).start()
        loan.ended.wait()
        if loan.error is not None:
            raise loan.error
        return not loan.is_broken

    def _run(self) -> None:
        failed = True
        try:
            while every_s := self._rhythm_s():
                self._clock.sleep_s(until_next_s(self._clock.monotonic_s(), every_s))
                self._round()
            failed = False
        finally:
            if failed:  # a bug: the exception itself goes to threading.excepthook
                self._give_back()

    def _give_back(self) -> None:
        with self._lock:
            self._is_running = False
            left = list(self._loans.values())
        for loan in left:
            self._end(loan)

    def _rhythm_s(self) -> float:
        """Of the most urgent loan; 0: there are none, and this thread ends."""
        with self._lock:
            self._is_running = bool(self._loans)
            return min((loan.every_s for loan in self._loans.values()), default=0.0)

    def _round(self) -> None:
        with self._lock:
            loans = list(self._loans.values())
        ready, now_s = {fd for fd, _ in self._poll.poll(0)}, self._clock.monotonic_s()
        has_read = False
        for loan in loans:
            turn = int(now_s / loan.every_s)
            if turn == loan.turn:
                continue
            loan.turn = turn
            if not loan.is_wanted():
                self._end(loan)
            elif loan.fd in ready or now_s >= loan.next_look_s:
                loan.next_look_s = now_s + _LOOK_EVERY_S
                self._step(loan)
                has_read = True
        if has_read:
            self.on_round()

    def _step(self, loan: _Loan) -> None:
        loan.is_broken = True  # unless it returns, or fails in a way that has a name
        try:
            loan.step()
            loan.is_broken = False
        except UitkijkError as error:
            loan.error, loan.is_broken = error, False
            self._end(loan)

    def _end(self, loan: _Loan) -> None:
        """Before the worker can close what `fd` names."""
        with self._lock:
            if self._loans.get(loan.fd) is loan:
                del self._loans[loan.fd]
                self._poll.unregister(loan.fd)
        loan.ended.set()
