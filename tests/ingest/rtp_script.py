"""Scripted RTP: pictures cut into packets by the simulator's packetiser, which shares no code with ours."""

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction

import av
import numpy as np

from ingest.simulator.rtp import packetize, split_annexb
from vms.units import Codec

PAYLOAD_TYPE = 96
SSRC = 0x0BADCAFE
START = b"\0\0\0\1"

H264_SPS = bytes.fromhex("6742c016da0280bfe59a81010320000003004000000651e2c5d4")
H264_PPS = bytes.fromhex("68ce3c80")


def rtp(
    payload: bytes,
    sequence: int,
    timestamp: int,
    *,
    marker: bool = False,
    ssrc: int = SSRC,
    payload_type: int = PAYLOAD_TYPE,
) -> bytes:
    second = payload_type | (0x80 if marker else 0)
    return struct.pack(">BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def framed(channel: int, packet: bytes) -> bytes:
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet


def picture_packets(
    codec: Codec, nals: Sequence[bytes], sequence: int, timestamp: int, *, max_bytes: int = 1400, marker: bool = True
) -> list[bytes]:
    payloads = packetize(codec, list(nals), max_bytes)
    last = len(payloads) - 1
    return [rtp(payload, sequence + n, timestamp, marker=marker and n == last) for n, payload in enumerate(payloads)]


def annexb(nals: Iterable[bytes]) -> bytes:
    return b"".join(START + nal for nal in nals)


def slice_nal(size: int, *, key: bool = False, first: bool = True, fill: int = 0x5A) -> bytes:
    """An H.264 slice by its header; the rest is filling without start codes."""
    return bytes((0x65 if key else 0x41, 0x88 if first else 0x48)) + bytes((fill,)) * (size - 2)


def h265_nal(kind: int, size: int, *, first: bool = True) -> bytes:
    return bytes((kind << 1, 1, 0x80 if first else 0x00)) + b"\x5a" * (size - 3)


def encoded(codec: Codec, pictures: int, *, width: int = 320, height: int = 180, **options: str) -> list[list[bytes]]:
    """Real pictures, really encoded: the NAL units of each access unit in coding order."""
    name = "libx264" if codec == "h264" else "libx265"
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1", "g": "10", **options}
    if codec == "h265":
        encoder.options = {
            "preset": "ultrafast",
            "x265-params": "log-level=none:keyint=10:bframes=0:pools=none:frame-threads=1",
        }
    rng = np.random.default_rng(1)
    units: list[list[bytes]] = []
    packets = []
    for n in range(pictures):
        frame = av.VideoFrame.from_ndarray(
            rng.integers(0, 255, (height * 3 // 2, width), dtype=np.uint8), format="yuv420p"
        )
        frame.pts = n
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    for packet in packets:
        units.append(split_annexb(bytes(packet)))
    return units


def decode_all(codec: Codec, data: Iterable[bytes]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    frames: list[av.VideoFrame] = []
    for unit in data:
        frames += decoder.decode(av.Packet(unit))
    return frames + decoder.decode(None)
