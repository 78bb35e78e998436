# ruff: noqa: SLF001 - pylibsrtp's and asyncio's private state is this module's business; a contract test guards it
"""One viewer's way out: header, encryption and sendto in one buffer, used again for every packet.

What a viewer costs is mostly what a packet costs. So nothing is allocated, awaited or looked up for one.
"""

import struct
from collections.abc import Sequence
from typing import Any, cast

import pylibsrtp
from pylibsrtp._binding import ffi, lib

HEADER = struct.Struct("!BBHLL")
SEQUENCES = 1 << 16
_VERSION_2 = 0x80
_MARKER = 0x80


class RtpWire:
    """loop only. Packets that cannot be encrypted, or that nobody there wants, are left out.

    transport: asyncio's, of a UDP socket that is not connected.
    """

    def __init__(self, srtp: pylibsrtp.Session, transport: Any, address: tuple[str, int]) -> None:
        self._session = srtp  # owns what `_srtp` points to
        self._srtp = cast(Any, srtp)._srtp[0]
        self._cdata, self._buffer = cast(Any, srtp)._cdata, cast(Any, srtp)._buffer
        self._bytes = memoryview(self._buffer)
        self._length = ffi.new("int *")
        self._transport = transport
        self._socket = transport.get_extra_info("socket")._sock
        self._address = address

    def leads_to(self, srtp: pylibsrtp.Session, transport: object, address: tuple[str, int]) -> bool:
        return self._session is srtp and self._transport is transport and self._address == address

    @property
    def backlog_bytes(self) -> int:
        """Of the whole socket. It is gone for good when this is a gigabyte."""
        return 1 << 30 if self._transport.is_closing() else int(self._transport.get_write_buffer_size())

    def send(
        self, payload_type: int, ssrc: int, sequence: int, at_90k: int, payloads: Sequence[bytes], *, ends: bool
    ) -> int:
        """One picture or a part of it; ends: the last payload is the picture's last. Returns payload octets."""
        buffer, data, length, socket, address = self._buffer, self._bytes, self._length, self._socket, self._address
        srtp, cdata, protect, pack = self._srtp, self._cdata, lib.srtp_protect, HEADER.pack_into
        last, octets = len(payloads) - 1 if ends else -1, 0
        direct = not self._transport.get_write_buffer_size()
        for index, payload in enumerate(payloads):
            size = 12 + len(payload)
            kind = payload_type | _MARKER if index == last else payload_type
            pack(buffer, 0, _VERSION_2, kind, (sequence + index) % SEQUENCES, at_90k, ssrc)
            buffer[12:size] = payload
            length[0] = size
            octets += len(payload)
            if protect(srtp, cdata, length):
                continue
            if direct:
                try:
                    socket.sendto(data[: length[0]], address)
                    continue
                except BlockingIOError:
                    direct = False
                except OSError:
                    continue  # nobody listens there any more: the consent checks will tell
            self._transport.sendto(bytes(data[: length[0]]), address)
        return octets
