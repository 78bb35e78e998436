"""A poor network between one viewer and the live process: a UDP relay on loopback that loses RTP packets."""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

_CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+) (?P<host>\S+) (?P<port>\d+) (typ host.*)$", re.MULTILINE)
_RTCP_TYPES = range(192, 224)


def is_rtp(datagram: bytes) -> bool:
    """Neither STUN, DTLS nor RTCP (RFC 7983, RFC 5761)."""
    return len(datagram) > 12 and 128 <= datagram[0] < 192 and datagram[1] not in _RTCP_TYPES


class _End(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Any], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._received(data, addr)


class LossyPath:
    """loss: share of the server's RTP packets that never arrive. dead: nothing arrives any more, either way."""

    def __init__(self, seed: int = 1) -> None:
        self.loss = 0.0
        self.dead = False
        self._rng = random.Random(seed)
        self._server: tuple[str, int] | None = None
        self._viewer: Any = None
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None

    def offer(self, sdp: str) -> str:
        """Without the viewer's own addresses: the server is to find it behind the relay."""
        told = ("a=candidate:", "a=end-of-candidates")
        return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(told))

    async def answer(self, sdp: str) -> str:
        """With the relay in the place of the server's address."""
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _End(self._from_viewer), local_addr=("127.0.0.1", 0)
        )
        self._far, _ = await loop.create_datagram_endpoint(lambda: _End(self._from_server), local_addr=("127.0.0.1", 0))
        found = _CANDIDATE.search(sdp)
        assert found is not None, sdp
        self._server = (found["host"], int(found["port"]))
        host, port = self._near.get_extra_info("sockname")
        return _CANDIDATE.sub(rf"\1 {host} {port} \4", sdp)

    def close(self) -> None:
        for end in (self._near, self._far):
            if end is not None:
                end.close()

    def _from_viewer(self, data: bytes, addr: Any) -> None:
        self._viewer = addr
        if self._far is not None and not self.dead:
            self._far.sendto(data, self._server)

    def _from_server(self, data: bytes, addr: Any) -> None:
        del addr
        if self._near is None or self._viewer is None or self.dead:
            return
        if not (is_rtp(data) and self._rng.random() < self.loss):
            self._near.sendto(data, self._viewer)
