"""Hand-over from one thread to others: bounded, never blocking the producer, counting what it drops."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from vms.packet import Packet

T = TypeVar("T")


class PacketQueue:
    """Packets of one stream for one consumer, bounded by bytes.

    Overflow refuses packets until the next keyframe that fits again, so the consumer never sees a GOP with a
    hole in it. `take_dropped()` tells how many went; the recorder writes that down as a gap.
    Any thread may offer, one thread takes. `ready` may be shared by several queues of one consumer.
    """

    def __init__(self, max_bytes: int, ready: threading.Event | None = None) -> None:
        """ready: set when something came; None: the consumer looks by itself."""
        self._ready = ready
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._dropped = 0
        self._dropped_in_total = 0
        self._refusing = False

    def offer(self, packet: Packet) -> bool:
        return self.offer_all((packet,))

    def offer_all(self, packets: Sequence[Packet]) -> bool:
        """In order. False when one of them had to go."""
        dropped = 0
        with self._lock:
            for packet in packets:
                size = len(packet.data)
                if self._bytes + size > self._max_bytes or (self._refusing and not packet.is_keyframe):
                    self._refusing = True
                    dropped += 1
                    continue
                self._refusing = False
                self._packets.append(packet)
                self._bytes += size
            self._dropped += dropped
            self._dropped_in_total += dropped
        if self._ready is not None:
            self._ready.set()
        return dropped == 0

    def take_all(self) -> list[Packet]:
        with self._lock:
            taken = list(self._packets)
            self._packets.clear()
            self._bytes = 0
            return taken

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
