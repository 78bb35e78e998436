"""What a sequence parameter set says of the picture, H.264 (7.3.2.1.1) and H.265 (7.3.2.2): size, reordering,
and whether a muxer may see it. Pure."""

from dataclasses import dataclass

from vms.errors import ProtocolError
from vms.units import Codec

MAX_SPS_BYTES = 4096
MAX_PICTURE_SIDE = 16_384
_MAX_LEADING_ZEROS = 32
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255
_H264_SPS, _H264_PPS = 7, 8
_H265_VPS, _H265_SPS = 32, 33
_MAX_REFERENCE_SETS, _MAX_REFERENCES = 64, 16
_MAX_LAYER_SETS = 1023


@dataclass(frozen=True, slots=True)
class SpsInfo:
    """width, height: pixels shown, after cropping. reorder: pictures that may precede one in decoding order and
    follow it in display order."""

    width: int
    height: int
    reorder: int


class BitReader:
    """Reads an RBSP (emulation prevention removed). Raises ProtocolError past the end."""

    def __init__(self, nal: bytes) -> None:
        rbsp = nal[:MAX_SPS_BYTES].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(rbsp, "big")
        self._left = len(rbsp) * 8

    def bits(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ProtocolError("parameter set ends too early")
        return self._value >> self._left & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.bits(1) == 1

    def ue(self) -> int:
        """Exp-Golomb, unsigned."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > _MAX_LEADING_ZEROS:
                raise ProtocolError("parameter set: number out of range")
        return (1 << zeros) - 1 + self.bits(zeros)

    def ue_max(self, limit: int) -> int:
        value = self.ue()
        if value > limit:
            raise ProtocolError(f"parameter set: {value} exceeds {limit}")
        return value

    def se(self) -> int:
        """Exp-Golomb, signed."""
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def parse_sps(codec: Codec, nal: bytes) -> SpsInfo:
    """nal: with its header, without start code. Raises ProtocolError."""
    return _h264(BitReader(nal)) if codec == "h264" else _h265(BitReader(nal))


def is_sps(codec: Codec, nal: bytes) -> bool:
    return bool(nal) and (nal[0] & 0x1F == _H264_SPS if codec == "h264" else nal[0] >> 1 & 0x3F == _H265_SPS)


def _size(width: int, height: int) -> tuple[int, int]:
    if not (0 < width <= MAX_PICTURE_SIDE and 0 < height <= MAX_PICTURE_SIDE):
        raise ProtocolError(f"parameter set: picture of {width}x{height}")
    return width, height


def _h264(read: BitReader) -> SpsInfo:
    read.bits(8)
    profile = read.bits(8)
    constraints = read.bits(8)
    read.bits(8)
    read.ue_max(31)
    chroma = _h264_high(read) if profile in _HIGH_PROFILES else 1
    read.ue_max(12)  # log2_max_frame_num_minus4
    _h264_picture_order(read)
    max_ref_frames = read.ue_max(16)
    read.flag()
    width_mbs = read.ue_max(MAX_PICTURE_SIDE) + 1
    map_units = read.ue_max(MAX_PICTURE_SIDE) + 1
    frame_only = read.flag()
    if not frame_only:
        read.flag()
    read.flag()
    left, right, top, bottom = (read.ue(), read.ue(), read.ue(), read.ue()) if read.flag() else (0, 0, 0, 0)
    unit_x, unit_y = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}[chroma]
    fields = 1 if frame_only else 2
    width, height = _size(
        width_mbs * 16 - unit_x * (left + right), map_units * 16 * fields - unit_y * fields * (top + bottom)
    )
    told = _h264_told_reorder(read)
    # Baseline has no B-pictures; the others may, up to all their reference frames, unless the VUI tells. A camera
    # that tells nothing is taken to have none: guessing would delay every decoding time stamp for nothing.
    without_b = profile == 66 or (profile in (44, 86, 100, 110, 122, 244) and constraints & 0x10)
    return SpsInfo(width, height, 0 if without_b else min(told, max_ref_frames))


def _h264_high(read: BitReader) -> int:
    chroma = read.ue_max(3)
    if chroma == 3:
        read.flag()
    read.ue_max(6)
    read.ue_max(6)
    read.flag()
    if read.flag():
        for index in range(12 if chroma == 3 else 8):
            if read.flag():
                _h264_scaling_list(read, 16 if index < 6 else 64)
    return chroma


def _h264_scaling_list(read: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + read.se()) % 256
        last = following or last


def _h264_picture_order(read: BitReader) -> None:
    kind = read.ue_max(2)
    if kind == 0:
        read.ue_max(12)
    elif kind == 1:
        read.flag()
        read.se()
        read.se()
        for _ in range(read.ue_max(255)):
            read.se()


def _h264_told_reorder(read: BitReader) -> int:
    """max_num_reorder_frames of the VUI; 0 when absent or unreadable."""
    try:
        if not read.flag():
            return 0
        _h264_vui_head(read)
        nal_hrd = read.flag()
        if nal_hrd:
            _h264_hrd(read)
        vcl_hrd = read.flag()
        if vcl_hrd:
            _h264_hrd(read)
        if nal_hrd or vcl_hrd:
            read.flag()
        read.flag()
        if not read.flag():
            return 0
        read.flag()
        for _ in range(4):
            read.ue()
        return read.ue_max(16)
    except ProtocolError:
        return 0


def _h264_vui_head(read: BitReader) -> None:
    if read.flag() and read.bits(8) == _EXTENDED_SAR:
        read.bits(32)
    if read.flag():
        read.flag()
    if read.flag():
        read.bits(4)
        if read.flag():
            read.bits(24)
    if read.flag():
        read.ue()
        read.ue()
    if read.flag():
        read.bits(65)


def _h264_hrd(read: BitReader) -> None:
    count = read.ue_max(31) + 1
    read.bits(8)
    for _ in range(count):
        read.ue()
        read.ue()
        read.flag()
    read.bits(20)


def check_set(codec: Codec, nal: bytes) -> None:
    """Raises ProtocolError for a parameter set that must not reach a muxer; other NAL units pass.

    libavformat reads sets again when it writes a file's header, and trusts their counts: an H.265 set that ends too
    early keeps it busy for more than a minute (found by `tools/fuzz`, target mux).
    """
    if not nal:
        return
    if codec == "h264":
        _check_h264_set(nal)
    else:
        _check_h265_set(nal)


def _check_h264_set(nal: bytes) -> None:
    kind = nal[0] & 0x1F
    if kind == _H264_SPS:
        _h264(BitReader(nal))
    elif kind == _H264_PPS:
        _h264_check_pps(BitReader(nal))


def _h264_check_pps(read: BitReader) -> None:
    """Up to what every profile has (7.3.2.2)."""
    read.bits(8)
    read.ue_max(255)
    read.ue_max(31)
    read.bits(2)
    if groups := read.ue_max(7):
        _h264_slice_groups(read, groups)
    read.ue_max(31)
    read.ue_max(31)
    read.bits(3)
    for _ in range(3):
        read.se()
    read.bits(3)


def _h264_slice_groups(read: BitReader, groups: int) -> None:
    kind = read.ue_max(6)
    if kind == 0:
        for _ in range(groups + 1):
            read.ue()
    elif kind == 2:
        for _ in range(2 * groups):
            read.ue()
    elif kind in (3, 4, 5):
        read.flag()
        read.ue()
    elif kind == 6:
        for _ in range(read.ue() + 1):
            read.bits(groups.bit_length())


def _check_h265_set(nal: bytes) -> None:
    kind = nal[0] >> 1 & 0x3F
    if kind == _H265_VPS:
        _h265_check_vps(BitReader(nal))
    elif kind == _H265_SPS:
        read = BitReader(nal)
        _h265(read)
        _h265_check_reference_sets(read)


def _h265(read: BitReader) -> SpsInfo:
    read.bits(16)
    read.bits(4)
    max_sub_layers_minus1 = read.bits(3)
    read.flag()
    _h265_profile_tier_level(read, max_sub_layers_minus1)
    read.ue_max(15)
    chroma = read.ue_max(3)
    if chroma == 3:
        read.flag()
    width, height = read.ue_max(MAX_PICTURE_SIDE), read.ue_max(MAX_PICTURE_SIDE)
    left, right, top, bottom = (read.ue(), read.ue(), read.ue(), read.ue()) if read.flag() else (0, 0, 0, 0)
    unit_x, unit_y = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}[chroma]
    width, height = _size(width - unit_x * (left + right), height - unit_y * (top + bottom))
    read.ue_max(8)
    read.ue_max(8)
    read.ue_max(12)
    each_layer = read.flag()
    reorder = 0
    for _ in range(max_sub_layers_minus1 + 1 if each_layer else 1):
        read.ue()
        reorder = read.ue_max(16)
        read.ue()
    return SpsInfo(width, height, reorder)


def _h265_profile_tier_level(read: BitReader, max_sub_layers_minus1: int) -> None:
    read.bits(88)
    read.bits(8)
    layers = [(read.flag(), read.flag()) for _ in range(max_sub_layers_minus1)]
    if max_sub_layers_minus1:
        read.bits(2 * (8 - max_sub_layers_minus1))
    for profile_present, level_present in layers:
        read.bits(88 * profile_present + 8 * level_present)


def _h265_check_reference_sets(read: BitReader) -> None:
    """The rest of an SPS up to its reference picture sets (7.3.2.2.1, 7.3.7)."""
    for _ in range(6):  # sizes of coding and transform blocks
        read.ue_max(32)
    if read.flag() and read.flag():
        _h265_scaling_lists(read)
    read.bits(2)
    if read.flag():  # PCM
        read.bits(8)
        read.ue()
        read.ue()
        read.flag()
    references = 0
    for index in range(read.ue_max(_MAX_REFERENCE_SETS)):
        references = _h265_reference_set(read, index, references)


def _h265_reference_set(read: BitReader, index: int, before: int) -> int:
    """How many pictures this set names. before: the set ahead of it, from which it may be predicted."""
    if index and read.flag():
        read.flag()
        read.ue()
        return sum(read.flag() or read.flag() for _ in range(before + 1))
    count = read.ue_max(_MAX_REFERENCES) + read.ue_max(_MAX_REFERENCES)
    for _ in range(count):
        read.ue()
        read.flag()
    return count


def _h265_scaling_lists(read: BitReader) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not read.flag():
                read.ue()
                continue
            if size > 1:
                read.se()
            for _ in range(min(64, 1 << (4 + 2 * size))):
                read.se()


def _h265_check_vps(read: BitReader) -> None:
    """Up to the count of HRD parameters (7.3.2.1); those themselves are bounded by what a reader skips of each."""
    read.bits(28)
    max_sub_layers_minus1 = read.bits(3)
    read.bits(17)
    _h265_profile_tier_level(read, max_sub_layers_minus1)
    for _ in range(max_sub_layers_minus1 + 1 if read.flag() else 1):
        for _ in range(3):
            read.ue()
    layers = read.bits(6) + 1
    layer_sets = read.ue_max(_MAX_LAYER_SETS)
    read.bits(layer_sets * layers)
    if read.flag():  # timing
        read.bits(64)
        if read.flag():
            read.ue()
        read.ue_max(layer_sets + 1)
