"""A segment from a moment on: the same pictures at the same times, and what lies before is not read."""

import io

import av
import pytest

from recorder.boxes import read_index
from recorder.footage_from import footage_from
from recorder.muxer import FragmentMuxer, InitSegment
from tests.recorder.encoded import FPS, GOP, stream
from vms.errors import StorageError

COUNT = 65


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A fragment per half group of pictures, as where these are longer than a second."""
    units: list[bytes] = []
    packets = stream(COUNT)
    muxer = FragmentMuxer(InitSegment.of("h264", packets[0].data), lambda unit: units.append(bytes(unit)))
    for number, packet in enumerate(packets):
        muxer.write(packet, 90_000 // FPS)
        if number % GOP == GOP // 2:
            muxer.flush()
    muxer.flush()
    return b"".join(units)


def pictures(file: io.IOBase) -> list[tuple[float, int]]:
    """(second, brightness) of each."""
    with av.open(file, "r", format="mp4") as container:
        return [
            (round(frame.time or 0, 3), round(float(frame.to_ndarray(format="gray").mean())))
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize(("second", "first"), [(-5, 0), (0, 0), (0.99, 0), (1.0, 10), (3.77, 30), (6.4, 60), (99, 60)])
def test_it_begins_with_the_keyframe_at_or_before_the_moment(whole: bytes, second: float, first: int) -> None:
    part = footage_from(io.BytesIO(whole), round(second * 1_000_000))
    assert pictures(part) == pictures(io.BytesIO(whole))[first:]


def test_fragments_tell_keyframes_and_what_changed(whole: bytes) -> None:
    index = read_index(io.BytesIO(whole))
    assert [fragment.starts_with_keyframe for fragment in index.fragments[:4]] == [True, False, True, False]
    assert sum(fragment.other_samples for fragment in index.fragments) == COUNT - 7
    assert all(fragment.other_bytes < fragment.size for fragment in index.fragments)


def test_nothing_between_beginning_and_moment_is_read(whole: bytes) -> None:
    index = read_index(io.BytesIO(whole))
    before, there = index.fragments[2], index.fragments[8]
    damaged = bytearray(whole)
    at = before.offset + before.size
    damaged[at - 60 : at - 4] = bytes(56)  # pictures, not tables
    part = footage_from(io.BytesIO(bytes(damaged)), 4_000_000)
    assert part.read() == whole[: index.fragments[0].offset] + whole[there.offset :]
    assert part.seek(-10, io.SEEK_END) > 0
    assert part.read() == whole[-10:]


def test_what_is_no_footage_is_a_storage_error_and_closed() -> None:
    file = io.BytesIO(b"nothing")
    with pytest.raises(StorageError):
        footage_from(file, 0)
    assert file.closed
