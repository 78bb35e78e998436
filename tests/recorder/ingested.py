"""The whole way of a picture: NAL units → RTP → our depacketiser → packets, as a camera's stream takes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.depacketize import depacketizer
from ingest.packet_builder import PacketBuilder, StreamIdentity
from ingest.rtsp_message import InterleavedSplitter
from tests.fakes import T0_US
from tests.ingest.rtp_script import PAYLOAD_TYPE, framed, picture_packets
from vms.packet import Packet
from vms.units import CameraId, Codec, us_from_90k


@dataclass
class CameraStream:
    """A camera that sends pictures one after another; `send` gives what ingest makes of them."""

    codec: Codec
    parameter_sets: tuple[bytes, ...] = ()
    start_us: int = T0_US
    rtp_start: int = 2**32 - 9000
    max_bytes: int = 1400
    sent: int = 0
    _at_90k: int = 0
    _builder: PacketBuilder = field(init=False)

    def __post_init__(self) -> None:
        self._reader = depacketizer(self.codec, PAYLOAD_TYPE)
        self._builder = PacketBuilder(StreamIdentity(CameraId("markt-01"), "sub", self.codec), self.parameter_sets)

    def send(
        self, pictures: Sequence[Sequence[bytes]], *, step_90k: int = 3600, shown: Sequence[int] | None = None
    ) -> list[Packet]:
        """shown: display position of each picture, when it differs from the order in which they are coded."""
        made: list[Packet] = []
        for number, nals in enumerate(pictures):
            place = shown[number] if shown else number
            at_90k = self._at_90k + place * step_90k
            packets = picture_packets(
                self.codec, nals, self.sent, (self.rtp_start + at_90k) % 2**32, max_bytes=self.max_bytes
            )
            self.sent += len(packets)
            InterleavedSplitter().feed(b"".join(framed(0, packet) for packet in packets), self._reader, 0)
            units = self._reader.take()
            received_us = self.start_us + us_from_90k(self._at_90k + number * step_90k)
            made += self._builder.build(units, received_us)
        self._at_90k += len(pictures) * step_90k
        return made
