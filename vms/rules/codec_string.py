"""Names and identity of a video format, read from its parameter sets. Pure."""

from collections.abc import Iterator

from vms.errors import ProtocolError
from vms.units import Codec

_START_CODE = b"\0\0\1"
_H264_SPS = 7
_H265_VPS, _H265_SPS = 32, 33


def nal_units(annexb: bytes) -> Iterator[bytes]:
    """NAL units between start codes (three or four bytes), without them."""
    start = annexb.find(_START_CODE)
    while start >= 0:
        start += len(_START_CODE)
        end = annexb.find(_START_CODE, start)
        nal = annexb[start : end if end >= 0 else len(annexb)]
        yield nal.rstrip(b"\0") if end >= 0 else nal
        start = end


def _is_parameter_set(codec: Codec, nal: bytes) -> bool:
    if not nal:
        return False
    return nal[0] & 0x1F == _H264_SPS if codec == "h264" else (nal[0] >> 1) & 0x3F in (_H265_VPS, _H265_SPS)


def format_id(codec: Codec, keyframe: bytes) -> bytes:
    """SPS (and VPS) of a keyframe: the same as long as a file may go on. Raises ProtocolError when there is none.

    Looks at the head of the picture only: parameter sets come before the first slice.
    """
    found: list[bytes] = []
    for nal in nal_units(keyframe[:4096]):
        if _is_parameter_set(codec, nal):
            found.append(nal)
        elif found and _is_slice(codec, nal):
            break
    if not found:
        raise ProtocolError("keyframe without parameter sets")
    return codec.encode() + b"".join(found)


def _is_slice(codec: Codec, nal: bytes) -> bool:
    return bool(nal) and (nal[0] & 0x1F in (1, 5) if codec == "h264" else (nal[0] >> 1) & 0x3F < _H265_VPS)


def avc_codec_string(profile_compatibility_level: bytes) -> str:
    """RFC 6381 from the three bytes after the SPS's NAL header, for example "avc1.64001f"."""
    return f"avc1.{profile_compatibility_level[:3].hex()}"


def hevc_codec_string(profile_tier_level: bytes, sample_entry: str = "hev1") -> str:
    """ISO 14496-15 annex E from the 12 bytes of general_profile_tier_level, for example "hev1.1.6.L93.B0"."""
    if len(profile_tier_level) < 12:
        raise ProtocolError("profile_tier_level is too short")
    space, tier, profile = profile_tier_level[0] >> 6, profile_tier_level[0] >> 5 & 1, profile_tier_level[0] & 0x1F
    compatibility = int(f"{int.from_bytes(profile_tier_level[1:5], 'big'):032b}"[::-1], 2)
    parts = [
        sample_entry,
        f"{('', 'A', 'B', 'C')[space]}{profile}",
        f"{compatibility:X}",
        f"{'H' if tier else 'L'}{profile_tier_level[11]}",
    ]
    constraints = profile_tier_level[5:11].rstrip(b"\0")
    return ".".join(parts + [f"{byte:X}" for byte in constraints])
