import pytest
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import packet
from vms.rules.masking import NoMaskRequired, PaintPolygons
from web.live.masked import MaskedPacket
from web.live.payloads import MAX_PAYLOAD, nal_units, rtp_payloads


def annex_b(nals: list[bytes]) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def nal(kind: int, size: int, fill: int = 0xAB) -> bytes:
    return bytes([0x60 | kind]) + bytes([fill]) * (size - 1)


@given(st.lists(st.tuples(st.sampled_from([1, 5, 7, 8, 13]), st.integers(2, 5000)), min_size=1, max_size=8))
def test_what_is_cut_is_what_a_receiver_joins(units: list[tuple[int, int]]) -> None:
    nals = [nal(kind, size) for kind, size in units]
    payloads = rtp_payloads(annex_b(nals))
    assert all(len(payload) <= MAX_PAYLOAD for payload in payloads)
    assert b"".join(h264_depayload(payload) for payload in payloads) == annex_b(nals)


def test_knowing_where_units_lie_changes_nothing() -> None:
    nals = [b"\x09\x10", b"\x67sps", b"\x68pps", b"\x65" + b"\x80" * 3000]
    data = annex_b(nals)
    offsets = [sum(len(nal) + 4 for nal in nals[:index]) for index in range(len(nals))]
    assert rtp_payloads(data, offsets) == rtp_payloads(data)


def test_delimiters_sei_and_filler_are_left_out_and_small_units_share_a_payload() -> None:
    data = annex_b([nal(9, 2), nal(7, 20), nal(8, 6), nal(6, 90), nal(5, 300), nal(12, 500)])
    assert [unit[0] & 31 for unit in nal_units(data)] == [7, 8, 5]
    assert len(rtp_payloads(data)) == 1


def test_an_original_needs_the_decision() -> None:
    polygons = PaintPolygons((), 1, 0.6)
    with pytest.raises(TypeError):
        MaskedPacket.passed(packet(0), polygons)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        MaskedPacket.passed(packet(0, codec="h265"), NoMaskRequired("test"))
    assert MaskedPacket.passed(packet(0), NoMaskRequired("test")).data == packet(0).data
