"""Numbers that a process keeps about itself: durations by bucket, memory, CPU. Any thread."""

import os
import resource
import threading
from dataclasses import dataclass

SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets, for disks and databases alike."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How often something took how long. counts: per bound of SECONDS, and above the last; not cumulative."""

    counts: tuple[int, ...] = (0,) * (len(SECONDS) + 1)
    sum_s: float = 0.0


class DurationMeter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(SECONDS) + 1)
        self._sum_s = 0.0

    def add(self, duration_s: float) -> None:
        place = next((n for n, bound_s in enumerate(SECONDS) if duration_s <= bound_s), len(SECONDS))
        with self._lock:
            self._counts[place] += 1
            self._sum_s += duration_s

    def durations(self) -> Durations:
        with self._lock:
            return Durations(tuple(self._counts), self._sum_s)


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """Of one process since it started. cpu_s: user and system together."""

    resident_bytes: int = 0
    cpu_s: float = 0.0
    open_fds: int = 0


def own_usage() -> ProcessUsage:
    """Of this process now; a few file reads in /proc."""
    with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123 - once a second in each process
        pages = int(file.read().split()[1])
    used = resource.getrusage(resource.RUSAGE_SELF)
    return ProcessUsage(
        resident_bytes=pages * resource.getpagesize(),
        cpu_s=used.ru_utime + used.ru_stime,
        open_fds=len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208 - and without the one that lists
    )
