"""Real, tiny H.264 and H.265 streams as packets, and what is in a recorded file."""

import io
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import av
import numpy as np

from recorder.clip import SegmentReader
from tests.fakes import T0_US
from vms.packet import Packet
from vms.units import CameraId, Codec, Profile

FPS = 10
GOP = 10
PICTURE_90K = 90_000 // FPS


@cache
def pictures(
    count: int = 100, width: int = 64, height: int = 48, codec: Codec = "h264"
) -> tuple[tuple[bytes, bool], ...]:
    """Access units; picture n has brightness 16 + 2 · (n mod 100)."""
    encoder = av.CodecContext.create("libx264" if codec == "h264" else "libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    if codec == "h264":
        x264 = f"annexb=1:repeat-headers=1:scenecut=0:keyint={GOP}:min-keyint={GOP}:bframes=0"
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": x264}
    else:
        x265 = f"repeat-headers=1:scenecut=0:keyint={GOP}:min-keyint={GOP}:bframes=0:log-level=none:pools=none"
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": x265}
    packets = []
    for number in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, value in zip(frame.planes, (16 + 2 * (number % 100), 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple((bytes(packet), packet.is_keyframe) for packet in packets)


def stream(
    count: int,
    *,
    first: int = 0,
    camera: str = "markt-01",
    profile: Profile = "sub",
    codec: Codec = "h264",
    size: tuple[int, int] = (64, 48),
    start_us: int = T0_US,
    delay_us: int = 0,
) -> list[Packet]:
    """Packets first … first+count−1 of an endless 10 pictures/s stream with a keyframe each second."""
    loop = pictures(100, *size, codec)
    packets = []
    for number in range(first, first + count):
        data, is_keyframe = loop[number % len(loop)]
        at_us = start_us + number * 1_000_000 // FPS
        ticks = 7_000_000 + number * PICTURE_90K
        packets.append(
            Packet(
                CameraId(camera), profile, codec, data, ticks, ticks, is_keyframe,
                at_us + delay_us, at_us, number, starts_run=number == 0,
            )
        )  # fmt: skip
    return packets


def restart(packets: Sequence[Packet]) -> list[Packet]:
    return [packets[0]._replace(starts_run=True), *packets[1:]]


def brightness(reader: SegmentReader, segment: object) -> list[tuple[float, int]]:
    """(seconds in the file, picture number mod 100) of every decoded picture."""
    with reader.open(segment) as file:  # type: ignore[arg-type]
        data = file.read()
    found = []
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(video=0):
            luma = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
            value = float(luma[: frame.height, : frame.width].mean())
            found.append((float(frame.pts * frame.time_base), round((value - 16) / 2)))
    return found
