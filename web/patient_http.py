"""The HTTP protocol with what uvicorn's lacks against slow and many connections.

A client that opens connections and sends its headers a byte at a time (slow loris) holds one of ours for as long as
it likes; one address that opens thousands holds them all. Both end here, before any route is asked.
"""

import asyncio
import logging
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

HEADERS_WITHIN_S: Final = 10.0
"""From the opening of a connection, or the first byte of its next request, to the end of the request's headers."""
MAX_PER_ADDRESS: Final = 200
"""Connections, websockets among them. A workstation with three windows needs about twenty."""


class PatientProtocol(H11Protocol):
    """The event loop's. Websockets leave it at their handshake, but stay among `connections` and are counted."""

    _headers_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._address_has_too_many():
            log.warning("too_many_connections", extra={"address": self.client[0] if self.client else ""})
            transport.abort()
            return
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self or self._request_runs():
            self._stop_waiting()
        else:
            self._await_headers()

    def _request_runs(self) -> bool:
        return self.conn.their_state is not h11.IDLE

    def _await_headers(self) -> None:
        if self._headers_timer is None:
            self._headers_timer = self.loop.call_later(HEADERS_WITHIN_S, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None

    def _too_slow(self) -> None:
        self._headers_timer = None
        if not self.transport.is_closing() and not self._request_runs():
            self.transport.abort()

    def _address_has_too_many(self) -> bool:
        if self.client is None:
            return False  # a unix socket: only this machine's own
        address = self.client[0]
        same = sum(
            1 for other in self.connections if (client := getattr(other, "client", None)) and client[0] == address
        )
        return same > MAX_PER_ADDRESS
