"""Sessions that real servers (MediaMTX, GStreamer) once had with our client, played back byte for byte."""

import pytest

from ingest.packet_builder import PacketBuilder, StreamIdentity
from ingest.rtsp_message import InterleavedSplitter
from tests.fakes import T0_US
from tests.ingest.replay import CAPTURED, read_all, replayed
from tests.ingest.rtp_script import decode_all
from vms.units import CameraId

captured = pytest.mark.parametrize("path", CAPTURED, ids=lambda path: path.stem)


@captured
def test_every_picture_of_a_real_server_comes_whole_and_decodes(path):
    with replayed(path.read_bytes()) as (session, _):
        units, reports = read_all(session)
        identity = StreamIdentity(CameraId("captured"), "main", session.codec)
        builder = PacketBuilder(identity, session.parameter_sets)
        packets = builder.build(units, T0_US)
        assert session.malformed == 0
    first_keyframe = next(n for n, unit in enumerate(units) if unit.is_keyframe)
    assert (len(packets) > 60, builder.timeline.repaired) == (True, 0)
    assert builder.undecodable == first_keyframe < 10
    assert (builder.sps.width, builder.sps.height) == (160, 120)
    assert all(unit.lost == 0 for unit in units)
    assert len(decode_all(session.codec, [packet.data for packet in packets])) == len(packets)
    assert reports


@captured
def test_of_the_sound_that_a_real_server_offers_nothing_is_asked(path):
    data = path.read_bytes()
    assert b"m=audio" in data
    with replayed(data) as (session, connection):
        read_all(session)
    setups = [request.split()[1] for request in connection.requests if request.startswith(b"SETUP")]
    assert [url.rsplit(b"/", 1)[1] for url in setups] in ([b"trackID=0"], [b"stream=0"])


@captured
@pytest.mark.parametrize("piece_bytes", [1, 3, 1 << 20])
def test_however_the_network_cuts_the_stream_the_pictures_are_the_same(path, piece_bytes):
    data = path.read_bytes()[:12_000]
    with replayed(data) as (session, _):
        whole = read_all(session)
    with replayed(data, piece_bytes) as (session, _):
        assert read_all(session) == whole
    assert whole[0]


@captured
def test_a_cut_at_any_byte_of_the_dialogue_gives_the_same_messages_and_frames(path):
    data = path.read_bytes()[:4000]
    whole = InterleavedSplitter().feed(data)
    for cut in range(1, len(data)):
        splitter = InterleavedSplitter()
        first, second = splitter.feed(data[:cut]), splitter.feed(data[cut:])
        assert (first[0] + second[0], first[1] + second[1]) == whole
