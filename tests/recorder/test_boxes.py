"""The index reader meets files cut anywhere and bytes of any kind."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.boxes import read_index
from recorder.muxer import FragmentMuxer, InitSegment
from tests.recorder.encoded import stream
from vms.errors import StorageError


@pytest.fixture(scope="module")
def whole() -> bytes:
    units: list[bytes] = []
    packets = stream(40)
    init = InitSegment.of("h264", packets[0].data)
    muxer = FragmentMuxer(init, lambda unit: units.append(bytes(unit)))
    for packet in packets:
        muxer.write(packet, 9000)
    muxer.flush()
    assert len(units) == 5, "one init and four fragments, each handed on whole"
    return b"".join(units)


def test_every_cut_keeps_exactly_the_fragments_that_are_whole(whole: bytes) -> None:
    full = read_index(io.BytesIO(whole))
    assert [f.samples for f in full.fragments] == [10] * 4
    assert (full.end_offset, full.duration_90k) == (len(whole), 4 * 90_000)
    ends = [f.offset + f.size for f in full.fragments]
    for cut in range(full.fragments[0].offset, len(whole), 7):
        index = read_index(io.BytesIO(whole[:cut]))
        assert len(index.fragments) == sum(end <= cut for end in ends)
        assert index.end_offset <= cut
    with pytest.raises(StorageError):
        read_index(io.BytesIO(whole[:100]))


@settings(max_examples=300)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=8))
def test_damage_is_a_storage_error_or_a_shorter_file_never_more(whole: bytes, at: int, junk: bytes) -> None:
    damaged = whole[:at] + junk + whole[at + len(junk) :]
    try:
        index = read_index(io.BytesIO(damaged))
    except StorageError:
        return
    assert index.end_offset <= len(damaged)
