import pytest

from ingest.onvif_endpoint import ForeignAddress, OnvifEndpoint, http_url, service_path, stream_url
from vms.errors import ProtocolError

CAMERA = OnvifEndpoint("10.1.2.3", 8080, "vms", "geheim")


def test_the_password_is_in_no_repr() -> None:
    assert "geheim" not in repr(CAMERA) + str(CAMERA) + f"{CAMERA}"


@pytest.mark.parametrize(
    "foreign",
    [
        "10.1.2.4",
        "169.254.169.254",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "2130706433",
        "0x0a010203",
        "010.1.2.3",
        "10.1.2.3.evil.example",
        "10.1.2.3@evil.example",
        "evil.example:80#@10.1.2.3",
    ],
)
def test_another_host_is_refused_in_every_address(foreign: str) -> None:
    for refuse in (service_path, http_url):
        with pytest.raises(ForeignAddress):
            refuse(f"http://{foreign}/onvif/media", CAMERA)
    with pytest.raises(ForeignAddress):
        stream_url(f"rtsp://{foreign}/stream", CAMERA)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rtsp://",
        "/stream",
        "file:///etc/passwd",
        "http://10.1.2.3/stream",
        "exec:rtsp://10.1.2.3/x",
        "rtsp://10.1.2.3:99999/x",
        "rtsp://[10.1.2.3/x",
        "rtsp://10.1.2.3/a\r\nSET_PARAMETER",
        "rtsp://10.1.2.3/" + "a" * 2000,
        "rtsp://10.1.2.3/é",
    ],
)
def test_what_is_no_stream_address_is_refused(url: str) -> None:
    with pytest.raises(ProtocolError):
        stream_url(url, CAMERA)


def test_a_service_keeps_its_path_but_is_asked_at_the_configured_port() -> None:
    assert service_path("http://10.1.2.3:80/onvif/ptz?x=1", CAMERA) == "/onvif/ptz?x=1"
    assert http_url("https://10.1.2.3/snap.jpg", CAMERA) == "http://10.1.2.3:8080/snap.jpg"


def test_a_stream_keeps_its_port_and_loses_credentials() -> None:
    assert stream_url("rtsp://a:b@10.1.2.3:8554/x?y=2", CAMERA) == "rtsp://10.1.2.3:8554/x?y=2"
    assert stream_url("rtsp://10.1.2.3/x", CAMERA) == "rtsp://10.1.2.3:554/x"
    assert stream_url("rtsps://10.1.2.3/x", CAMERA) == "rtsps://10.1.2.3:322/x"


def test_other_spellings_of_the_same_host_are_the_same_host() -> None:
    assert stream_url("rtsp://[::ffff:10.1.2.3]:554/x", CAMERA) == "rtsp://10.1.2.3:554/x"
    six = OnvifEndpoint("fd00::7")
    assert stream_url("rtsp://[fd00:0::0007]/x", six) == "rtsp://[fd00::7]:554/x"
    assert stream_url("rtsp://Camera.Local./x", OnvifEndpoint("camera.local")) == "rtsp://camera.local:554/x"


def test_a_configured_name_accepts_its_own_number_and_stays_the_name() -> None:
    assert stream_url("rtsp://127.0.0.1/x", OnvifEndpoint("localhost")) == "rtsp://localhost:554/x"
