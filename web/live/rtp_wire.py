# ruff: noqa: SLF001 - pylibsrtp's and asyncio's private state is this module's business; a contract test guards it
"""One viewer's way out: headers and encryption in one buffer, used again for every picture, and few calls to send it.

What a viewer costs is mostly what a packet costs. So nothing is allocated, awaited or looked up for one, and packets of
one length leave as a train: Linux takes them with one call and cuts them apart (UDP_SEGMENT).
"""

import errno
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final, cast

import pylibsrtp
from pylibsrtp._binding import ffi, lib

from web.live.payloads import MAX_PAYLOAD

HEADER = struct.Struct("!BBHLL")
SEQUENCES = 1 << 16
TRAIN_PACKETS = 48
"""At most; the kernel takes no train of more than 64 KiB."""
_VERSION_2 = 0x80
_MARKER = 0x80
_UDP_SEGMENT = 103
_NO_TRAINS = frozenset({errno.EIO, errno.EINVAL, errno.EMSGSIZE, errno.EOPNOTSUPP, errno.ENOPROTOOPT})
"""Errors of a kernel, or of a way to a viewer, that takes only single packets."""
_ROOM: Final = 1500
"""For one packet, with what encryption adds to it."""
_CDATA: Final = ffi.new("char[]", (TRAIN_PACKETS + 1) * _ROOM)
_BUFFER: Final = ffi.buffer(_CDATA)
_BYTES: Final = memoryview(_BUFFER)
"""Of all wires: in the event loop one uses it at a time, and leaves nothing in it that matters."""


class RtpWire:
    """loop only. Packets that cannot be encrypted, or that nobody there wants, are left out.

    transport: asyncio's, of a UDP socket that is not connected.
    """

    def __init__(self, srtp: pylibsrtp.Session, transport: Any, address: tuple[str, int]) -> None:
        self._session = srtp  # owns what `_srtp` points to
        self._srtp = cast(Any, srtp)._srtp[0]
        self._length = ffi.new("int *")
        self._transport = transport
        self._socket = transport.get_extra_info("socket")._sock
        self._address = address
        self._full = 0  # bytes of a packet with MAX_PAYLOAD, once that is known
        self._cut: list[tuple[int, int, bytes]] = []
        self._takes_trains = True

    @property
    def backlog_bytes(self) -> int:
        """Of the whole socket. It is gone for good when this is a gigabyte."""
        return 1 << 30 if self._transport.is_closing() else int(self._transport.get_write_buffer_size())

    def send(
        self, payload_type: int, ssrc: int, sequence: int, at_90k: int, payloads: Sequence[bytes], *, ends: bool
    ) -> int:
        """One picture or a part of it; ends: the last payload is the picture's last. Returns payload octets."""
        buffer, srtp, length, protect, pack = _BUFFER, self._srtp, self._length, lib.srtp_protect, HEADER.pack_into
        last, full = len(payloads) - 1 if ends else -1, self._full
        octets = at = size = 0  # at: where the next packet begins; those before it in the buffer are as long as `full`
        for index, payload in enumerate(payloads):
            size = 12 + len(payload)
            kind = payload_type | _MARKER if index == last else payload_type
            pack(buffer, at, _VERSION_2, kind, (sequence + index) % SEQUENCES, at_90k, ssrc)
            buffer[at + 12 : at + size] = payload
            length[0] = size
            octets += len(payload)
            if protect(srtp, _CDATA + at, length):
                continue
            at += length[0]
            if length[0] != full or at >= TRAIN_PACKETS * full:
                self._depart(at, is_train=at > length[0])
                at = 0
        if at:
            self._depart(at, is_train=at > full)
        if not full and length[0] > size:
            self._measure(length[0] - size)
        return octets

    def send_control(self, packet: bytes) -> None:
        """RTCP, at most _ROOM bytes with what encryption adds."""
        _BUFFER[: len(packet)] = packet
        self._length[0] = len(packet)
        if not lib.srtp_protect_rtcp(self._srtp, _CDATA, self._length):
            self._depart(self._length[0], is_train=False)

    def _measure(self, added: int) -> None:
        """added: bytes that encryption adds to a packet."""
        self._full = 12 + MAX_PAYLOAD + added
        self._cut = [(socket.SOL_UDP, _UDP_SEGMENT, struct.pack("=H", self._full))]

    def _depart(self, end: int, *, is_train: bool) -> None:
        """What the buffer holds: one packet, or several as long as `_full`, but for the last."""
        train = _BYTES[:end]
        if not self._transport.get_write_buffer_size():
            try:
                if not is_train:
                    self._socket.sendto(train, self._address)
                    return
                if self._takes_trains:
                    self._socket.sendmsg((train,), self._cut, 0, self._address)
                    return
            except BlockingIOError:
                pass
            except OSError as error:
                if not is_train or error.errno not in _NO_TRAINS:
                    return  # nobody listens there any more: the consent checks will tell
                self._takes_trains = False
        step = self._full if is_train else end
        for start in range(0, end, step):
            self._transport.sendto(bytes(train[start : start + step]), self._address)
