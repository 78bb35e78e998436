"""Cameras that read the RTSP standard their own way: addresses, transports, stronger digests."""

import hashlib
import re

import pytest

from tests.ingest.scripted_rtsp import SDP, RtspCamera, authorized_field, demanding, media, ok, rtsp_camera
from tests.ingest.test_rtsp_session import PASSWORD, open_session, playing, read_units
from vms.errors import ProtocolError


def describing(camera, *headers):
    return lambda asked: ok(asked, "Content-Type: application/sdp", *headers, body=camera.sdp.encode())


@pytest.mark.parametrize(
    ("control", "content_base", "setup", "play"),
    [
        ("trackID=1", None, "{url}/trackID=1", "{url}"),
        ("trackID=1", "{url}/", "{url}/trackID=1", "{url}/"),
        ("trackID=1?a=b&c", "{url}/", "{url}/trackID=1?a=b&c", "{url}/"),
        (
            "trackID=1",
            "{url}?channel=1&subtype=0/",
            "{url}?channel=1&subtype=0/trackID=1",
            "{url}?channel=1&subtype=0/",
        ),
        ("/other/track1", "{url}/", "{host}/other/track1", "{url}/"),
        ("rtsp://10.0.0.9:554/elsewhere/track1", "{url}/", "rtsp://10.0.0.9:554/elsewhere/track1", "{url}/"),
        ("*", "{url}/", "{url}/", "{url}/"),
        ("", "{url}/", "{url}/", "{url}/"),
        ("trackID=1", "/stream/", "{url}/trackID=1", "{url}"),
        ("trackID=1", "stream", "{url}/trackID=1", "{url}"),
        ("trackID=1", "rtsp://bad host/", "{url}/trackID=1", "{url}"),
        ("trackID=1", "http://127.0.0.1/stream/", "{url}/trackID=1", "{url}"),
    ],
)
def test_the_track_is_asked_by_the_address_the_camera_means(control, content_base, setup, play):
    camera = RtspCamera(media=media(3), sdp=SDP.replace("a=control:video", f"a=control:{control}"))
    with rtsp_camera(camera):
        host = f"rtsp://127.0.0.1:{camera.port}"
        fill = {"url": camera.url, "host": host}
        headers = [f"Content-Base: {content_base.format(**fill)}"] if content_base else []
        camera.answers["DESCRIBE"] = describing(camera, *headers)
        session = open_session(camera)
        assert len(read_units(session, 3)[0]) == 3
        session.close()
    assert [asked.url for asked in camera.asked[2:4]] == [setup.format(**fill), play.format(**fill)]
    assert camera.connections == 1


@pytest.mark.parametrize(
    "offers",
    [
        ("audio", "video", "application"),
        ("application", "audio", "video"),
        ("video", "application", "audio"),
        ("video", "audio", "audio", "application"),
    ],
)
def test_sound_and_metadata_are_never_asked_wherever_they_stand(offers):
    blocks = {
        "audio": "m=audio 0 RTP/AVP 0\r\na=control:audio\r\n",
        "video": "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:video\r\n",
        "application": "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:meta\r\n",
    }
    sdp = "v=0\r\ns=cam\r\nt=0 0\r\n" + "".join(blocks[offer] for offer in offers)
    camera = RtspCamera(media=media(3), sdp=sdp)
    with playing(camera) as session:
        assert len(read_units(session, 3)[0]) == 3
    assert [asked.url for asked in camera.asked if asked.method == "SETUP"] == [camera.url + "/video"]


def test_sound_that_a_camera_sends_unasked_is_not_taken_for_pictures():
    camera = RtspCamera(media=media(2, channel=2) + media(3) + media(2, channel=5))
    with playing(camera) as session:
        units, _ = read_units(session, 3)
        assert len(units) == 3
        assert session.read().units == []


@pytest.mark.parametrize(
    "transport",
    ["RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001", "RTP/AVP/UDP;unicast;server_port=6000-6001"],
)
def test_a_camera_that_answers_with_udp_says_what_to_do_instead_of_staying_silent(transport):
    camera = RtspCamera(transport=transport)
    with rtsp_camera(camera), pytest.raises(ProtocolError, match="transport libav"):
        open_session(camera)


@pytest.mark.parametrize("transport", ["RTP/AVP/TCP;unicast", "rtp/avp/tcp;unicast;ssrc=0BADCAFE"])
def test_a_camera_that_leaves_the_channels_out_uses_those_it_was_asked(transport):
    with playing(RtspCamera(transport=transport, media=media(3))) as session:
        assert len(read_units(session, 3)[0]) == 3


def test_sha_256_is_chosen_over_md5_and_answered_right():
    def right(header):
        def sha(text):
            return hashlib.sha256(text.encode()).hexdigest()

        uri, nonce = authorized_field(header, "uri"), authorized_field(header, "nonce")
        tail = f"{nonce}:{authorized_field(header, 'nc')}:{authorized_field(header, 'cnonce')}:auth"
        wanted = sha(f"{sha(f'vms:cam:{PASSWORD}')}:{tail}:{sha(f'OPTIONS:{uri}')}")
        return authorized_field(header, "response") == wanted

    both = 'Digest realm="cam", nonce="m", algorithm=MD5, qop="auth", Digest realm="cam", nonce="s", algorithm=SHA-256,'
    camera = RtspCamera(media=media(2), answers={"OPTIONS": demanding(both + ' qop="auth,auth-int"', right)})
    with playing(camera) as session:
        assert len(read_units(session, 2)[0]) == 2
    assert authorized_field(camera.asked[1].headers["authorization"], "algorithm") == "SHA-256"


@pytest.mark.parametrize(
    "location",
    [
        "rtsp://127.0.0.2:{port}/x",
        "rtsp://localhost.evil.example/x",
        "rtsp://2130706433/x",
        "rtsp://127.0.0.1@10.0.0.9/",
    ],
)
def test_no_spelling_of_a_redirect_leads_to_another_host(location):
    camera = RtspCamera()
    target = lambda: location.format(port=camera.port)  # noqa: E731
    camera.answers["DESCRIBE"] = lambda asked: ok(asked, f"Location: {target()}", status="302 Moved")
    with rtsp_camera(camera), pytest.raises(ProtocolError, match=re.compile("another host|credentials")):
        open_session(camera)
    assert camera.connections == 1


def test_headers_with_odd_case_and_spaces_are_read():
    camera = RtspCamera(media=media(2))
    camera.answers["OPTIONS"] = lambda asked: (
        f"RTSP/1.0 200 OK\r\nCSEQ:{asked.headers['cseq']}  \r\nPublic:OPTIONS,GET_PARAMETER\r\n\r\n".encode()
    )
    with playing(camera) as session:
        assert len(read_units(session, 2)[0]) == 2
