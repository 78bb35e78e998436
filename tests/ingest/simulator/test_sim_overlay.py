"""The burned-in clock survives what happens to video on its way."""

import av
import cv2
import numpy as np
import pytest

from ingest.simulator.encode import VideoEncoder
from ingest.simulator.model import Faults, StreamSpec, ViewDeg
from ingest.simulator.overlay import draw_clock, read_clock, read_clock_us
from ingest.simulator.picture import Picture
from ingest.simulator.render import Renderer
from tests.ingest.simulator.sim_video import LIVE, shared_street

AT_US = 1_795_000_000_123_000


def grey(width, height):
    picture = Picture(width, height)
    for plane in picture.planes:
        plane.fill(128)
    return picture


def encoded(pictures, spec, codec):
    encoder = VideoEncoder(spec, codec, "sub")
    decoder = av.CodecContext.create("h264" if codec == "h264" else "hevc", "r")
    frames = []
    for number, picture in enumerate(pictures):
        for unit in encoder.encode(picture, number * 7200, 0):
            data = b"".join(b"\x00\x00\x00\x01" + nal for nal in unit.nals)
            frames += decoder.decode(av.Packet(data))
    return [frame.to_ndarray(format="gray") for frame in frames + decoder.decode(None)]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_the_clock_is_read_back_after_encoding_at_480x270(codec):
    renderer = Renderer(shared_street(), LIVE)
    spec = StreamSpec(480, 270, 12.5, 200_000, 25)

    def pictures():
        for number in range(10):
            at_us = AT_US + number * 80_000
            view = ViewDeg(90.0 + 4 * number, -8.0, 60.0)  # turning: hard on the encoder
            yield renderer.view(at_us, view, Faults(clock_offset_s=3600.0), 480, 270, number)

    readings = [read_clock(gray) for gray in encoded(pictures(), spec, codec)]
    assert [reading and reading.utc_us for reading in readings] == [
        AT_US + 3_600_000_000 + number * 80_000 for number in range(10)
    ]
    assert [reading.frame_number for reading in readings] == list(range(10))


@pytest.mark.parametrize("size", [(480, 270), (640, 360), (1280, 720), (1920, 1080), (704, 576)])
@pytest.mark.parametrize("shown_width", [360, 500, 1280])
def test_the_clock_is_read_at_any_size(size, shown_width):
    picture = grey(*size)
    draw_clock(*picture.planes, AT_US, 77)
    shown = cv2.resize(picture.y, (shown_width, shown_width * size[1] // size[0]), interpolation=cv2.INTER_AREA)
    assert read_clock(shown).utc_us == AT_US
    assert read_clock(shown).frame_number == 77 % 64


def test_a_picture_without_a_clock_or_with_a_damaged_one_reads_none():
    picture = grey(640, 360)
    assert read_clock_us(picture.y) is None
    draw_clock(*picture.planes, AT_US, 1)
    assert read_clock_us(picture.y) == AT_US
    picture.y[-11:, 300:312] = 255 - picture.y[-11:, 300:312]
    assert read_clock_us(picture.y) is None
    assert read_clock_us(np.zeros((360, 640), np.uint8)) is None
