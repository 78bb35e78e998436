"""The RTSP server against clients nobody here wrote, and against a client that shows every byte."""

import itertools
import json
import struct
import subprocess
import threading
import time

import av
import cv2
import numpy as np
import pytest

from ingest.simulator.overlay import read_clock_us
from tests.ingest.simulator.raw_rtsp import RawRtsp, Rtp
from tests.ingest.simulator.sim_video import (
    HEVC,
    LIVE,
    LOOP,
    LOOP_TWIN,
    PASSWORD,
    SDP_ONLY,
    USER,
    SimVideo,
)

TCP = {"rtsp_transport": "tcp", "analyzeduration": "100000"}
NTP_MINUS_UNIX_S = 2_208_988_800


@pytest.fixture(scope="module")
def video():
    with SimVideo(LIVE, SDP_ONLY, HEVC, LOOP, LOOP_TWIN).running() as running:
        yield running


@pytest.fixture
def camera(video):
    camera = video.cameras["markt"]
    yield camera
    camera.faults = type(camera.faults)()


def client(video, path, password=PASSWORD, **options):
    return RawRtsp(video.port, path, USER, password, **options)


def ffprobe(url, transport, *options):
    command = ["ffprobe", "-v", "error", "-rtsp_transport", transport, *options, "-show_streams", "-of", "json", url]
    done = subprocess.run(command, capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    (stream,) = json.loads(done.stdout)["streams"]
    return stream


def rtp_packets(player, count):
    packets = []
    while len(packets) < count:
        channel, data = player.frame()
        if channel == 0:
            packets.append(Rtp.parse(data))
    return packets


def sender_report(player):
    """UTC microseconds and RTP timestamp of the next sender report, with the RTP packet after it."""
    while True:
        channel, data = player.frame()
        if channel == 1 and data[1] == 200:
            seconds, fraction, timestamp = struct.unpack(">III", data[8:20])
            utc_us = (seconds - NTP_MINUS_UNIX_S) * 1_000_000 + (fraction * 1_000_000 >> 32)
            return utc_us, timestamp, rtp_packets(player, 1)[0]


def read_on(player):
    for _ in range(5000):
        player.frame()


def now_us():
    return time.time_ns() // 1000


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffprobe_sees_the_main_stream(video, transport):
    stream = ffprobe(video.url("markt", "main"), transport, "-analyzeduration", "300000")
    assert (stream["codec_name"], stream["profile"]) == ("h264", "High")
    assert (stream["width"], stream["height"], stream["has_b_frames"]) == (960, 540, 0)
    assert stream["color_space"] == "smpte170m"


@pytest.mark.parametrize("camera_id", ["sdp", "hevc", "lus"])
def test_ffprobe_sees_the_other_kinds(video, camera_id):
    stream = ffprobe(video.url(camera_id, "main"), "tcp", "-analyzeduration", "300000")
    assert stream["codec_name"] == ("hevc" if camera_id == "hevc" else "h264")
    assert stream["width"] == video.cameras[camera_id].spec.main.width


@pytest.mark.parametrize(("camera_id", "profile"), [("markt", "sub"), ("sdp", "main"), ("hevc", "main")])
def test_the_decoded_picture_shows_the_server_s_time(video, camera_id, profile):
    with av.open(video.url(camera_id, profile), options=TCP, timeout=10) as container:
        clocks = []
        for frame in container.decode(video=0):
            clock_us = read_clock_us(frame.to_ndarray(format="gray"))
            assert clock_us is not None
            assert abs(now_us() - clock_us) < 3_000_000
            clocks.append(clock_us)
            if len(clocks) == 5:
                break
    assert clocks == sorted(set(clocks))


def test_windows_arrive_in_the_reserved_colour(video):
    with av.open(video.url("markt", "main"), options=TCP, timeout=10) as container:
        frame = next(container.decode(video=0))
        image = frame.to_ndarray(format="bgr24").astype(int)
    magenta = (image[..., 0] > 190) & (image[..., 1] < 70) & (image[..., 2] > 190)
    assert magenta.mean() > 0.02


@pytest.mark.parametrize("qop", [True, False])
def test_digest_opens_the_stream_with_and_without_qop(video, qop):
    with client(video, "markt/sub", qop=qop) as player:
        assert player.ask("OPTIONS").status == 200
        sdp = player.play()
        assert "a=rtpmap:96 H264/90000" in sdp
        assert "sprop-parameter-sets=" in sdp
        assert player.ask("GET_PARAMETER").status == 200
        assert player.ask("PAUSE").status == 200
        assert player.ask("PLAY").status == 200
        assert player.ask("TEARDOWN").status == 200
        assert player.ask("PLAY").status == 454


def test_no_or_wrong_credentials_are_refused(video):
    with RawRtsp(video.port, "markt/main") as stranger:
        reply = stranger.ask("DESCRIBE")
        assert reply.status == 401
        assert "Digest" in reply.headers["www-authenticate"]
    with client(video, "markt/main", password="fout") as stranger:
        assert stranger.ask("DESCRIBE").status == 401
    with pytest.raises(av.FFmpegError):
        av.open(video.url("markt", "main", "fout"), options=TCP, timeout=10)


def test_unknown_streams_transports_and_sessions_are_named_errors(video):
    with client(video, "nergens/main") as player:
        assert player.ask("DESCRIBE").status == 404
    with client(video, "markt/main") as player:
        assert player.ask("SETUP", headers={"Transport": "RTP/AVP;multicast"}).status == 461
        assert player.ask("PLAY").status == 454
        assert player.ask("RECORD").status == 501


def test_a_stream_starts_with_a_report_and_a_keyframe_and_its_sequence_has_no_hole(video):
    with client(video, "markt/main") as player:
        player.play()
        channel, _ = player.frame()
        assert channel == 1
        packets = rtp_packets(player, 80)
    assert packets[0].payload[0] & 0x1F == 24  # SPS and PPS, aggregated
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(packets)}
    assert steps == {1}
    stamps = list(dict.fromkeys(packet.timestamp for packet in packets))
    assert {(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(stamps)} <= {7200, 14_400}


def test_parameter_sets_stay_out_of_band_when_the_camera_is_such(video):
    with client(video, "sdp/sub") as player:
        sdp = player.play()
        kinds = {packet.payload[0] & 0x1F for packet in rtp_packets(player, 40)}
    assert "sprop-parameter-sets=" in sdp
    assert kinds
    assert not kinds & {7, 8, 24}


def test_reports_tie_the_burned_in_clock_to_rtp_and_follow_the_camera_s_clock(video, camera):
    with client(video, "markt/sub") as player:
        player.play()
        utc_us, timestamp, packet = sender_report(player)
        assert timestamp == packet.timestamp
        assert abs(utc_us - now_us()) < 1_000_000
        camera.faults.clock_offset_s = 120.0
        while abs(sender_report(player)[0] - now_us() - 120_000_000) > 1_000_000:
            assert now_us() - utc_us < 6_000_000
    with av.open(video.url("markt", "sub"), options=TCP, timeout=10) as container:
        gray = next(container.decode(video=0)).to_ndarray(format="gray")
    assert abs(read_clock_us(gray) - now_us() - 120_000_000) < 3_000_000


@pytest.mark.parametrize("camera_id", ["markt", "lus"])
def test_dropped_packets_are_holes_for_this_camera_only(video, camera_id):
    faults = video.cameras[camera_id].faults
    with client(video, f"{camera_id}/main") as player, client(video, "lus-2/main") as other:
        player.play()
        other.play()
        faults.drop_packets_ratio = 0.3
        try:
            holed, whole = rtp_packets(player, 80), rtp_packets(other, 120)
        finally:
            faults.drop_packets_ratio = 0.0
    span = ((holed[-1].sequence - holed[0].sequence) & 0xFFFF) + 1
    assert 88 < span < 180
    assert ((whole[-1].sequence - whole[0].sequence) & 0xFFFF) + 1 == 120


@pytest.mark.parametrize("camera_id", ["markt", "lus"])
def test_a_jump_of_the_timestamps_happens_once(video, camera_id):
    faults = video.cameras[camera_id].faults
    with client(video, f"{camera_id}/main") as player:
        player.play()
        before = rtp_packets(player, 20)[-1]
        faults.pts_jump_s = 1000.0
        after = before
        deadline = time.monotonic() + 5
        while (after.timestamp - before.timestamp) & 0xFFFFFFFF < 80_000_000 and time.monotonic() < deadline:
            after = rtp_packets(player, 1)[0]
        later = rtp_packets(player, 40)[-1]
    assert faults.pts_jump_s == 0.0
    assert 90_000_000 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF < 91_000_000
    assert (later.timestamp - after.timestamp) & 0xFFFFFFFF < 900_000


@pytest.mark.parametrize("camera_id", ["markt", "sdp", "lus"])
def test_the_resolution_changes_within_the_session(video, camera_id):
    faults = video.cameras[camera_id].faults
    sizes = []
    with av.open(video.url(camera_id, "main"), options=TCP, timeout=15) as container:
        try:
            for frame in container.decode(video=0):
                faults.resolution = (640, 480)
                if (frame.width, frame.height) not in sizes:
                    sizes.append((frame.width, frame.height))
                if len(sizes) == 2:
                    break
        finally:
            faults.resolution = None
    main = video.cameras[camera_id].spec.main
    assert sizes == [(main.width, main.height), (640, 480)]


def test_an_offline_camera_drops_its_clients_and_refuses_new_ones(video, camera):
    with client(video, "markt/sub") as player, client(video, "sdp/sub") as other:
        player.play()
        other.play()
        camera.faults.offline = True
        with pytest.raises(ConnectionError):
            read_on(player)
        with client(video, "markt/sub") as late:  # noqa: SIM117
            with pytest.raises(ConnectionError):
                late.ask("DESCRIBE")
        assert rtp_packets(other, 3)
        camera.faults.offline = False
    with client(video, "markt/sub") as player:
        player.play()
        assert rtp_packets(player, 1)


def test_a_hanging_camera_keeps_the_connection_and_says_nothing(video, camera):
    with client(video, "markt/sub", timeout_s=0.6) as player:
        player.play()
        rtp_packets(player, 3)
        camera.faults.hang = True
        with pytest.raises(TimeoutError):
            read_on(player)
        player.send("GET_PARAMETER")
        with pytest.raises(TimeoutError):
            player.reply()
        camera.faults.hang = False
        assert rtp_packets(player, 1)


def test_unauthorized_refuses_the_right_password_too(video, camera):
    camera.faults.unauthorized = True
    with client(video, "markt/sub") as player:
        assert player.ask("DESCRIBE").status == 401


def test_nobody_watching_means_nothing_is_rendered(video, camera):
    asked = []
    head, camera.head = camera.head, Recorder(camera.head, asked)
    try:
        with client(video, "markt/sub") as player:
            player.play()
            rtp_packets(player, 2)
        deadline = time.monotonic() + 5
        count = -1
        while count != len(asked) and time.monotonic() < deadline:
            count = len(asked)
            threading.Event().wait(0.4)
        assert len(asked) == count > 0
    finally:
        camera.head = head


class Recorder:
    def __init__(self, head, asked):
        self.head, self.asked = head, asked

    def view_at(self, at_us):
        self.asked.append(at_us)
        return self.head.view_at(at_us)


def test_a_keyframe_comes_on_demand(video):
    with client(video, "markt/sub") as player:
        player.play()
        first = rtp_packets(player, 1)[0]
        video.call(video.server.request_keyframe, "markt", "sub")
        deadline = time.monotonic() + 3
        packet = first
        while packet.timestamp == first.timestamp or packet.payload[0] & 0x1F != 24:
            packet = rtp_packets(player, 1)[0]
            assert time.monotonic() < deadline
    # GOPs are 12 frames of 7200 ticks: this one came earlier.
    assert (packet.timestamp - first.timestamp) & 0xFFFFFFFF < 12 * 7200


def test_a_loop_keeps_its_bitrate_and_its_viewers_share_its_packets(video):
    with client(video, "lus/main") as player:
        player.play()
        packets = rtp_packets(player, 320)
    size = sum(len(packet.payload) for packet in packets)
    seconds = ((packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF) / 90_000
    assert size * 8 / seconds == pytest.approx(LOOP.main.bitrate_bps, rel=0.15)


def test_a_snapshot_is_a_jpeg_of_the_main_size(video):
    image = cv2.imdecode(np.frombuffer(video.server.snapshot_jpeg("markt"), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (540, 960, 3)
    assert abs(read_clock_us(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)) - now_us()) < 3_000_000
