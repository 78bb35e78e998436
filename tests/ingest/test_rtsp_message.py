from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rtsp_message import MAX_BODY_BYTES, MAX_HEADER_BYTES, InterleavedSplitter, format_message
from tests.ingest.rtp_script import framed
from vms.errors import ProtocolError

REPLY = b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nSession: abc;timeout=30\r\n\r\n"


def test_replies_and_frames_mixed_come_apart():
    splitter = InterleavedSplitter()
    body = b"RTSP/1.0 200 OK\r\nCSeq: 8\r\nContent-Length: 5\r\n\r\n$\0\0\1x"
    frames, messages = splitter.feed(framed(0, b"one") + REPLY + framed(1, b"") + body + framed(2, b"two"))
    assert frames == [(0, b"one"), (1, b""), (2, b"two")]
    assert [(m.status, m.cseq, m.body) for m in messages] == [(200, 7, b""), (200, 8, b"$\0\0\1x")]
    assert splitter.buffered_bytes == 0


def test_header_names_are_case_blind_repeats_kept_folds_joined():
    block = b"RTSP/1.0 401 No\r\nWWW-Authenticate: Digest a=1,\r\n b=2\r\nwww-AUTHENTICATE: Basic\r\n\r\n"
    (message,) = InterleavedSplitter().feed(block)[1]
    assert message.all("www-authenticate") == ["Digest a=1, b=2", "Basic"]


def test_a_request_of_the_camera_is_told_apart():
    (message,) = InterleavedSplitter().feed(b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 3\r\n\r\n")[1]
    assert (message.status, message.method, message.cseq) == (None, "OPTIONS", 3)


def test_empty_lines_between_messages_are_tolerated():
    assert len(InterleavedSplitter().feed(b"\r\n\r\n" + REPLY + b"\r\n" + REPLY)[1]) == 2


messages = st.sampled_from(
    [REPLY, b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n$$\r\n", b"GET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\n\r\n"]
)
frames = st.builds(framed, st.integers(0, 255), st.binary(max_size=50))


@given(st.lists(st.one_of(frames, messages), max_size=12), st.lists(st.integers(0, 600), max_size=12))
@settings(max_examples=120, deadline=None)
def test_any_split_of_the_same_bytes_gives_the_same(pieces, cuts):
    stream = b"".join(pieces)
    whole = InterleavedSplitter().feed(stream)
    splitter = InterleavedSplitter()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    got = [splitter.feed(stream[a:b]) for a, b in pairwise(edges)]
    assert [f for frames, _ in got for f in frames] == whole[0]
    assert [m for _, messages in got for m in messages] == whole[1]
    assert splitter.buffered_bytes == 0


noise = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda rest: b"RTSP/1.0 " + rest, st.binary(max_size=40)),
    st.builds(lambda n: b"RTSP/1.0 200 OK\r\nContent-Length: " + n + b"\r\n\r\n", st.binary(max_size=12)),
    frames,
)


@given(st.lists(noise, max_size=10))
@settings(max_examples=120, deadline=None)
def test_noise_raises_nothing_but_protocol_error_and_stays_bounded(pieces):
    splitter = InterleavedSplitter()
    try:
        for piece in pieces:
            for message in splitter.feed(piece)[1]:
                assert message.status is None or message.status >= 0
                assert len(message.body) <= MAX_BODY_BYTES
    except ProtocolError:
        return
    assert splitter.buffered_bytes <= sum(map(len, pieces))


def test_an_endless_header_is_refused():
    splitter = InterleavedSplitter()
    splitter.feed(b"RTSP/1.0 200 OK\r\n")
    lines = [b"X-Fill: " + b"x" * 992] * (MAX_HEADER_BYTES // 1000 + 1)
    with pytest.raises(ProtocolError, match="header longer"):
        deque(map(splitter.feed, lines), maxlen=0)


@pytest.mark.parametrize("size", [b"1048577", b"-1", b"1e9", b"99999999999999999999", "١".encode()])
def test_a_body_of_doubtful_size_is_refused(size):
    with pytest.raises(ProtocolError, match="Content-Length"):
        InterleavedSplitter().feed(b"RTSP/1.0 200 OK\r\nContent-Length: " + size + b"\r\n\r\n")


def test_bytes_that_are_neither_are_refused_at_once():
    with pytest.raises(ProtocolError, match="neither"):
        InterleavedSplitter().feed(framed(0, b"fine") + b"\x80\x60\x00\x01")


def test_a_value_cannot_break_out_of_its_header():
    with pytest.raises(ProtocolError):
        format_message("PLAY rtsp://x RTSP/1.0", [("Session", "1\r\nX: y")])
