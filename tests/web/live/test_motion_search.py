"""Motion search: what moves inside the region is found, what is masked or quiet is not looked at, work is bounded."""

import io
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from live_site import encoder

from tests.fakes import T0_US
from vms.rules.masking import BlankFrame, NoMaskRequired
from vms.units import utc_from_us
from web.live import motion_search
from web.live.masked import PaintedFrame
from web.live.motion_search import MotionSearch

S = 1_000_000
FPS, WIDTH, HEIGHT = 12.5, 320, 180
LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
RIGHT = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]
LENGTH_S = 40
WALKS = (20, 24)
WARM_S = 3
"""An encoder that starts takes a second for its best."""
DECIDED = NoMaskRequired("test")


def street(index: int) -> np.ndarray:
    """Still, but for somebody who walks through the left half for four seconds."""
    image = np.kron(np.random.default_rng(1).integers(60, 200, (9, 16, 3), np.uint8), np.ones((20, 20, 1), np.uint8))
    second = index / FPS
    if WALKS[0] <= second < WALKS[1]:
        x = int((second - WALKS[0]) * 30)
        image[60:120, x : x + 20] = 255
    return image


@pytest.fixture(scope="module")
def footage() -> bytes:
    made = io.BytesIO()
    source = encoder("h264", fps=FPS, gop=12, size=(WIDTH, HEIGHT))
    with av.open(made, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof+frag_keyframe"}) as mp4:
        stream = mp4.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.time_base = WIDTH, HEIGHT, "yuv420p", source.time_base
        stream.codec_context.time_base, stream.codec_context.gop_size = source.time_base, 12
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "25"}
        for index in range(int(LENGTH_S * FPS)):
            frame = av.VideoFrame.from_ndarray(street(index), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, source.time_base
            mp4.mux(stream.encode(frame))
        mp4.mux(stream.encode(None))
    return made.getvalue()


class Rig:
    """Footage on a shelf, and which of it was decoded."""

    def __init__(self, footage: bytes, decision: Any = DECIDED) -> None:
        self.footage = footage
        self.decision = decision
        self.decoded: list[tuple[int, int]] = []
        start = utc_from_us(T0_US)
        self.segment: Any = SimpleNamespace(id=1, start_at=start, end_at=start + timedelta(seconds=LENGTH_S))

    def open(self, segment: object, buffer_bytes: int = 0) -> io.BytesIO:
        del segment, buffer_bytes
        return io.BytesIO(self.footage)

    def pictures(self, segment: object, from_us: int, to_us: int) -> Iterator[PaintedFrame]:
        del segment
        self.decoded.append((from_us - T0_US, to_us - T0_US))
        with av.open(io.BytesIO(self.footage)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                taken_us = T0_US + round(index * S / FPS)
                if from_us <= taken_us < to_us:
                    yield PaintedFrame(frame, index, taken_us, self.decision)

    def search(
        self, region: Sequence[tuple[float, float]], from_s: int = 0, to_s: int = LENGTH_S
    ) -> list[dict[str, Any]]:
        reader: Any = self
        lines = MotionSearch(reader, self.pictures, region).lines([self.segment], T0_US + from_s * S, T0_US + to_s * S)
        return [json.loads(line) for line in lines]


def hits(lines: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """In seconds after the start."""
    found = [hit for line in lines for hit in line["hits"]]
    return [((hit["start_us"] - T0_US) / S, (hit["end_us"] - T0_US) / S) for hit in found]


def test_what_moved_in_the_region_is_found_at_its_time(footage: bytes) -> None:
    lines = Rig(footage).search(LEFT)
    [(start_s, end_s)] = hits(lines)
    assert WALKS[0] - 0.3 <= start_s <= WALKS[0] + 0.5
    assert WALKS[1] - 0.5 <= end_s <= WALKS[1] + 0.5
    assert lines[-1]["ended"]
    assert lines[-1]["until_us"] == T0_US + LENGTH_S * S


def test_what_moved_elsewhere_is_not(footage: bytes) -> None:
    assert hits(Rig(footage).search(RIGHT)) == []


def test_quiet_seconds_are_not_decoded(footage: bytes) -> None:
    rig = Rig(footage)
    last = rig.search(LEFT, WARM_S)[-1]
    assert last["decoded_us"] < 9 * S < last["recorded_us"] - 25 * S
    assert all(start >= 18 * S and end <= 27 * S for start, end in rig.decoded)


def test_only_what_was_asked_is_searched(footage: bytes) -> None:
    rig = Rig(footage)
    assert hits(rig.search(LEFT, WARM_S, 15)) == []
    assert rig.decoded == []


def test_pictures_that_are_masked_whole_tell_nothing(footage: bytes) -> None:
    assert hits(Rig(footage, BlankFrame("pose", "no position")).search(LEFT)) == []


def test_a_search_that_had_its_fill_says_where_it_stopped(footage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motion_search, "MAX_DECODED_US", 2 * S)
    last = Rig(footage).search(LEFT)[-1]
    assert last["ended"]
    assert T0_US + WALKS[1] * S <= last["until_us"] < T0_US + 30 * S


def test_a_search_that_is_given_up_decodes_no_more(footage: bytes) -> None:
    rig = Rig(footage)
    reader: Any = rig
    lines = MotionSearch(reader, rig.pictures, LEFT).lines([rig.segment], T0_US, T0_US + LENGTH_S * S)
    next(lines)
    lines.close()
    assert rig.decoded == []


def test_footage_that_cannot_be_read_is_counted_and_the_rest_is_searched(footage: bytes) -> None:
    rig = Rig(footage)
    bad: Any = SimpleNamespace(id=0, start_at=rig.segment.start_at, end_at=rig.segment.end_at)
    rig.open = lambda segment, _bytes=0: io.BytesIO(b"" if segment.id == 0 else footage)  # type: ignore[method-assign]
    reader: Any = rig
    lines = MotionSearch(reader, rig.pictures, LEFT).lines([bad, rig.segment], T0_US, T0_US + LENGTH_S * S)
    told = [json.loads(line) for line in lines]
    assert told[-1]["unreadable"] == 1
    assert len(hits(told)) == 1
