"""Between the bus and a channel: each packet of a stream is passed on as it is, or goes to be masked."""

from collections.abc import Callable

from vms.packet import Packet
from vms.rules.masking import MaskRules, NoMaskRequired, pass_through_now
from vms.rules.placements import Placement
from web.live.mask_book import MaskBook
from web.live.masked import MaskedPacket
from web.live.pipeline import MaskedPipeline

OnPacket = Callable[[MaskedPacket], None]
Put = Callable[[int, MaskedPacket | None], None]
"""Which of the successive lines of pictures it belongs to, and the packet; None: what came before must not be used."""


class Producer:
    """take() in the bus thread, stop() in the loop.

    The one decision in `vms.rules.masking` is asked for every packet, with the mask set in force when it came: a set
    that comes into force masks the very next picture, whatever the configuration says. A camera that is moved meanwhile
    begins a new line: what a pipeline learned of the old place says nothing of the new one.
    """

    def __init__(
        self,
        rules: MaskRules,
        masks: MaskBook,
        make: Callable[[OnPacket], MaskedPipeline],
        put: Put,
        hangs: Callable[[], Placement | None],
    ) -> None:
        self._rules = rules
        self._masks = masks
        self._make = make
        self._put = put
        self._hangs = hangs
        self._hung: Placement | None = None
        self._line = 0
        self._passes = False
        self._stopped = False
        self.pipeline: MaskedPipeline | None = None

    def take(self, packet: Packet) -> None:
        decided = pass_through_now(self._rules, self._masks.in_force(packet.camera_id, packet.received_us))
        if decided is not None and packet.codec == "h264" and (self._passes or packet.is_keyframe):
            self._pass(packet, decided)
        else:
            self._mask(packet)

    def stop(self) -> None:
        self._stopped = True
        if self.pipeline is not None:
            self.pipeline.stop()

    def _pass(self, packet: Packet, decided: NoMaskRequired) -> None:
        if not self._passes:
            self._passes = True
            self._line += 1
            if self.pipeline is not None:
                self.pipeline.stop()
                self.pipeline = None
        self._put(self._line, MaskedPacket.passed(packet, decided))

    def _mask(self, packet: Packet) -> None:
        if self._passes:
            self._passes = False
            self._line += 1
            self._put(self._line, None)
        hangs = self._hangs()
        if self.pipeline is not None and hangs != self._hung:
            self._line += 1
            self._put(self._line, None)
            self.pipeline.stop()
            self.pipeline = None
        if self.pipeline is None and not self._stopped:
            line, self._hung = self._line, hangs
            self.pipeline = self._make(lambda masked: self._put(line, masked))
            self.pipeline.start()
        if self.pipeline is not None:
            self.pipeline.offer(packet)
