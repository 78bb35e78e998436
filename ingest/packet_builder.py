"""Access units → Packets: parameter sets in front of every keyframe, one clock, runs, sequence numbers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ingest.depacketize import START_CODE, AccessUnit
from vms.errors import ProtocolError
from vms.packet import Packet
from vms.rules.sps import SpsInfo, is_sps, parse_sps
from vms.rules.timestamps import StreamTimeline, signed_step_90k
from vms.units import CameraId, Codec, Profile, us_from_90k

_KINDS_H264 = (7, 8)
_KINDS_H265 = (32, 33, 34)
_MAX_SETS_OF_A_KIND = 32
_NO_SIZE = SpsInfo(0, 0, 0)
_MAX_READ_US = 2_000_000


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    camera_id: CameraId
    profile: Profile
    codec: Codec


class PacketBuilder:
    """Packets of one session. One thread.

    sequence: of the first packet; `sequence` afterwards is that of the next one, for the session after this.
    Pictures before the first keyframe, or before any parameter set, cannot be decoded: they are counted, not built.
    A run always starts with a keyframe.
    """

    def __init__(self, identity: StreamIdentity, parameter_sets: Sequence[bytes], sequence: int = 0) -> None:
        self._identity = identity
        self._kinds = _KINDS_H264 if identity.codec == "h264" else _KINDS_H265
        self._sets: dict[int, tuple[bytes, ...]] = {}
        self.sequence = sequence
        self.timeline = StreamTimeline()
        self.sps = _NO_SIZE
        self.undecodable = 0
        """Pictures left out: before the first keyframe, or keyframes whose parameter sets nobody sent."""
        self._sps_nals: tuple[bytes, ...] = ()
        self._started = False
        self._decodable = False
        self._lost = 0
        self._last_received_us = 0
        self._learn(parameter_sets)

    def build(self, units: Sequence[AccessUnit], received_us: int) -> list[Packet]:
        """received_us: server clock when these were read. Of several pictures in one read, the earlier ones
        arrived earlier: by their timestamps, and after the read before."""
        packets: list[Packet] = []
        last_timestamp = units[-1].rtp_timestamp if units else 0
        at_us = min(self._last_received_us, received_us)
        for unit in units:
            behind_90k = signed_step_90k(last_timestamp, unit.rtp_timestamp)
            behind_us = min(us_from_90k(behind_90k), _MAX_READ_US) if behind_90k > 0 else 0
            at_us = self._last_received_us = max(received_us - behind_us, at_us)
            packet = self._packet(unit, at_us)
            if packet is not None:
                packets.append(packet)
        return packets

    def _packet(self, unit: AccessUnit, received_us: int) -> Packet | None:
        self._lost += unit.lost
        if unit.restarted:
            self.timeline.restart()
            self._started = False
        if unit.parameter_sets:
            self._learn(unit.parameter_sets)
        if not self._decodable or not (self._started or unit.is_keyframe):
            self.undecodable += 1
            return None
        changed = unit.is_keyframe and self._keyframe_changes_sps()
        stamp = self.timeline.stamp(unit.rtp_timestamp, is_keyframe=unit.is_keyframe)
        data, offsets = self._with_parameter_sets(unit) if unit.is_keyframe else (unit.data, unit.nal_offsets)
        packet = Packet(
            camera_id=self._identity.camera_id,
            profile=self._identity.profile,
            codec=self._identity.codec,
            data=data,
            pts_90k=stamp.pts_90k,
            dts_90k=stamp.dts_90k,
            is_keyframe=unit.is_keyframe,
            received_us=received_us,
            camera_utc_us=stamp.camera_utc_us,
            sequence=self.sequence,
            starts_run=stamp.starts_run or changed,
            lost_before=self._lost,
            nal_offsets=offsets,
        )
        self.sequence += 1
        self._started = True
        self._lost = 0
        return packet

    def _kind(self, nal: bytes) -> int:
        return nal[0] & 0x1F if self._identity.codec == "h264" else nal[0] >> 1 & 0x3F

    def _learn(self, nals: Sequence[bytes]) -> None:
        """A kind that comes replaces what was known of that kind; the others stay."""
        for kind in self._kinds:
            found = tuple(dict.fromkeys(nal for nal in nals if nal and self._kind(nal) == kind))
            if found:
                self._sets[kind] = found[:_MAX_SETS_OF_A_KIND]
        self._decodable = len(self._sets) == len(self._kinds)

    def _keyframe_changes_sps(self) -> bool:
        """Whether this keyframe begins a new coded sequence format. Keeps size and reordering up to date."""
        nals = tuple(nal for kind in self._kinds for nal in self._sets[kind] if is_sps(self._identity.codec, nal))
        if nals == self._sps_nals:
            return False
        self._sps_nals = nals
        try:
            self.sps = parse_sps(self._identity.codec, nals[0])
        except ProtocolError:
            self.sps = _NO_SIZE  # a decoder may still know better: record it
        self.timeline.restart(self.sps.reorder)
        return True

    def _with_parameter_sets(self, unit: AccessUnit) -> tuple[bytes, tuple[int, ...]]:
        """All sets before the picture when one kind is absent; an access unit delimiter stays first."""
        present = {self._kind(nal) for nal in unit.parameter_sets}
        if present.issuperset(self._kinds):
            return unit.data, unit.nal_offsets
        sets = [START_CODE + nal for kind in self._kinds for nal in self._sets[kind]]
        at = self._delimiter_size(unit.data)
        return b"".join((unit.data[:at], *sets, unit.data[at:])), _moved_offsets(unit.nal_offsets, at, sets)

    def _delimiter_size(self, data: bytes) -> int:
        delimiter = 9 if self._identity.codec == "h264" else 35
        start = len(START_CODE)
        if len(data) <= start or self._kind(data[start : start + 1]) != delimiter:
            return 0
        end = data.find(START_CODE, start)
        return max(end, 0)


def _moved_offsets(offsets: tuple[int, ...], at: int, inserted: Sequence[bytes]) -> tuple[int, ...]:
    """Where NAL units lie once `inserted` ones were put in at `at`. Unknown stays unknown."""
    if not offsets:
        return ()
    starts = [*accumulate(map(len, inserted), initial=at)]
    shift = starts.pop() - at
    before, after = [o for o in offsets if o < at], [o + shift for o in offsets if o >= at]
    return (*before, *starts, *after)
