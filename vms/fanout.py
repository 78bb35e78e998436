"""Hand-over from one thread to others: bounded, never blocking the producer, counting what it drops."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from vms.packet import PACKET_COST_BYTES, Packet

T = TypeVar("T")


class QueueBudget:
    """What all queues of a process may hold together. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes = 0

    @property
    def queued_bytes(self) -> int:
        return self._bytes

    def take(self, size: int, share: float) -> bool:
        """False when more than this share of the budget would then be in use."""
        with self._lock:
            if self._bytes + size > self.max_bytes * share:
                return False
            self._bytes += size
            return True

    def give_back(self, size: int) -> None:
        with self._lock:
            self._bytes -= size


class PacketQueue:
    """Packets of one stream for one consumer, bounded by the memory they take.

    Overflow refuses packets until the next keyframe that fits again, so the consumer never sees a GOP with a
    hole in it. `take_dropped()` tells how many went; the recorder writes that down as a gap.
    Any thread may offer, one thread takes. `ready` may be shared by several queues of one consumer.
    """

    def __init__(
        self,
        max_bytes: int,
        ready: threading.Event | None = None,
        budget: QueueBudget | None = None,
        budget_share: float = 1.0,
    ) -> None:
        """ready: set when something came; None: the consumer looks by itself.

        budget_share: how much of the common budget may be in use before this queue refuses.
        """
        self._ready = ready
        self._max_bytes = max_bytes
        self._budget = budget or QueueBudget(max_bytes)
        self._budget_share = budget_share
        self._lock = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._taken_bytes = 0
        self._dropped = 0
        self._dropped_in_total = 0
        self._refusing = False

    def offer(self, packet: Packet) -> bool:
        return self.offer_all((packet,))

    def offer_all(self, packets: Sequence[Packet]) -> bool:
        """In order. False when one of them had to go."""
        size = sum(_memory(packet) for packet in packets)
        with self._lock:
            if not self._refusing and self._reserve(size):
                self._packets.extend(packets)
                accepted = len(packets)
            else:
                accepted = sum(self._accept(packet) for packet in packets)
            self._dropped += len(packets) - accepted
            self._dropped_in_total += len(packets) - accepted
        if self._ready is not None:
            self._ready.set()
        return accepted == len(packets)

    def _accept(self, packet: Packet) -> bool:
        if (self._refusing and not packet.is_keyframe) or not self._reserve(_memory(packet)):
            self._refusing = True
            return False
        self._refusing = False
        self._packets.append(packet)
        return True

    def _reserve(self, size: int) -> bool:
        if self._bytes + size > self._max_bytes or not self._budget.take(size, self._budget_share):
            return False
        self._bytes += size
        return True

    def take(self, max_bytes: int) -> list[Packet]:
        """The next packets in order, at least one of those that wait and then as many as start below max_bytes.

        What is taken counts as queued until `done` or the next call: until then it is still in memory.
        """
        with self._lock:
            self._release_taken()
            taken: list[Packet] = []
            while self._packets and self._taken_bytes < max_bytes:
                taken.append(self._packets.popleft())
                self._taken_bytes += _memory(taken[-1])
            return taken

    def done(self) -> None:
        """What was taken last is used up."""
        with self._lock:
            self._release_taken()

    def take_all(self) -> list[Packet]:
        """What waits, and at once out of the count: for a consumer that is done with it soon."""
        with self._lock:
            taken = list(self._packets)
            self._packets.clear()
            self._taken_bytes = self._bytes
            self._release_taken()
            return taken

    def _release_taken(self) -> None:
        self._bytes -= self._taken_bytes
        self._budget.give_back(self._taken_bytes)
        self._taken_bytes = 0

    def take_dropped(self) -> int:
        """Packets refused since the last call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
            return dropped

    @property
    def queued_bytes(self) -> int:
        return self._bytes

    @property
    def queued_packets(self) -> int:
        return len(self._packets)

    @property
    def dropped_in_total(self) -> int:
        return self._dropped_in_total

    @property
    def is_refusing(self) -> bool:
        """The newest packet did not fit."""
        return self._refusing


def _memory(packet: Packet) -> int:
    return len(packet.data) + PACKET_COST_BYTES


class Latest(Generic[T]):
    """The newest value only: for statuses, where an old one is worth nothing."""

    def __init__(self, value: T) -> None:
        self._lock = threading.Lock()
        self._value = value

    def set(self, value: T) -> None:
        with self._lock:
            self._value = value

    def get(self) -> T:
        with self._lock:
            return self._value
