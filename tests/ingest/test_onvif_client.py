import logging
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.onvif_client import resolve_camera
from ingest.onvif_endpoint import ForeignAddress, OnvifEndpoint
from ingest.onvif_http import MAX_REPLY_BYTES
from ingest.onvif_link import OnvifLink
from ingest.onvif_soap import envelope
from ingest.simulator import onvif_device, onvif_media
from tests.fakes import FakeClock
from tests.ingest.onvif_street import SPEC, OnvifStreet, onvif_street
from tests.ingest.scripted_camera import Asked, ScriptedCamera, fault, http, scripted_camera, soap
from vms.clock import SystemClock
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError

DEVICE = "/onvif/device_service"


@pytest.fixture
def street() -> Iterator[OnvifStreet]:
    with onvif_street() as running:
        yield running


def test_a_camera_is_resolved_to_its_streams_and_head(street: OnvifStreet) -> None:
    camera = resolve_camera(street.endpoint)
    assert (camera.main_url, camera.sub_url) == (
        "rtsp://127.0.0.1:18554/markt-01/main",
        "rtsp://127.0.0.1:18554/markt-01/sub",
    )
    assert (camera.main_token, camera.sub_token, camera.ptz_token) == ("main", "sub", "main")
    assert (camera.main.codec, camera.main.width, camera.main.height, camera.main.fps) == ("h264", 1280, 720, 12.5)
    assert camera.main.gop_s == pytest.approx(0.96)
    assert (camera.manufacturer, camera.model, camera.serial) == ("Uitkijk", "Dome PTZ", "SIM000001")
    assert camera.snapshot_url == f"http://{street.endpoint.authority}/onvif/snapshot"
    assert camera.skew_ms == pytest.approx(0, abs=600)


def test_h265_profiles_come_through_media2() -> None:
    with onvif_street(codec="h265") as street:
        camera = resolve_camera(street.endpoint)
    assert camera.has_media2
    assert (camera.main.codec, camera.sub and camera.sub.codec) == ("h265", "h265")


def test_a_fixed_camera_has_no_ptz() -> None:
    with onvif_street(ptz=False) as street:
        camera = resolve_camera(street.endpoint)
    assert (camera.ptz_token, camera.ptz_path) == (None, None)


def test_a_profile_s_camera_without_media2_is_resolved_the_same(
    street: OnvifStreet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_media2 = resolve_camera(street.endpoint)
    monkeypatch.setattr(onvif_device, "services", lambda _spec: ["tds", "trt", "tptz"])
    camera = resolve_camera(street.endpoint)
    assert not camera.has_media2
    assert replace(camera.main, fps=12.5, gop_s=with_media2.main.gop_s) == with_media2.main
    assert (camera.main_url, camera.sub_url, camera.snapshot_url, camera.ptz_token) == (
        with_media2.main_url,
        with_media2.sub_url,
        with_media2.snapshot_url,
        with_media2.ptz_token,
    )


def test_a_camera_too_old_for_get_services_is_resolved(street: OnvifStreet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(onvif_device.OPERATIONS, "GetServices")  # type: ignore[arg-type]
    camera = resolve_camera(street.endpoint)
    assert (camera.has_media2, camera.main_token, camera.ptz_token) == (False, "main", "main")


def test_a_camera_without_snapshots_is_resolved(street: OnvifStreet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(onvif_media.MEDIA_2, "GetSnapshotUri")  # type: ignore[arg-type]
    assert resolve_camera(street.endpoint).snapshot_url is None


# authentication and clocks


def test_the_time_is_asked_without_credentials_and_no_subscription_is_made(street: OnvifStreet) -> None:
    resolve_camera(street.endpoint)
    assert street.server.asked("GetSystemDateAndTime", "none") == 1
    assert street.server.asked("GetSystemDateAndTime") == 1
    assert street.server.asked("Subscription") == 0
    assert street.server.asked("", "token") == 0


def test_one_challenge_serves_many_questions(street: OnvifStreet) -> None:
    resolve_camera(street.endpoint)
    unanswered = street.server.asked("", "none") - street.server.asked("GetSystemDateAndTime")
    assert unanswered <= 2  # public ones, and the one that was challenged


@pytest.mark.parametrize("offset_s", [-3600.0, 0.0, 3600.0])
@pytest.mark.parametrize("digest", [True, False])
def test_a_camera_with_a_wrong_clock_works_with_digest_and_with_token(
    street: OnvifStreet, offset_s: float, digest: bool
) -> None:
    street.server.digest = digest
    street.set_fault(clock_offset_s=offset_s)
    camera = resolve_camera(street.endpoint)
    assert camera.skew_ms == pytest.approx(offset_s * 1000, abs=700)
    assert (street.server.asked("", "token") > 0) is not digest


def test_a_clock_that_jumps_while_connected_costs_one_repeated_question(street: OnvifStreet) -> None:
    street.server.digest = False
    link = OnvifLink(street.endpoint, SystemClock())
    request = envelope("<tds:GetDeviceInformation/>")
    try:
        link.ask(DEVICE, request, 5)
        street.set_fault(clock_offset_s=7200.0)
        street.server.requests.clear()
        link.ask(DEVICE, request, 5)
        assert [shown for _, shown in street.server.requests] == ["token", "none", "token"]
        assert link.skew
        assert link.skew.ms == pytest.approx(7_200_000, abs=700)
    finally:
        link.close()


@pytest.mark.parametrize("digest", [True, False])
def test_a_refused_account_is_tried_at_most_three_times_and_then_left_alone(street: OnvifStreet, digest: bool) -> None:
    street.server.digest = digest
    clock = FakeClock()
    link = OnvifLink(replace(street.endpoint, password="wrong-word"), clock)
    request = envelope("<tds:GetDeviceInformation/>")

    def tries() -> int:
        return street.server.asked("", "digest") + street.server.asked("", "token")

    try:
        for _ in range(20):
            with pytest.raises(CameraUnauthorized) as caught:
                link.ask(DEVICE, request, 5)
            assert "wrong-word" not in str(caught.value)
        assert 1 <= tries() <= 3
        before = tries()
        clock.advance(61)
        with pytest.raises(CameraUnauthorized):
            link.ask(DEVICE, request, 5)
        assert before < tries() <= 2 * before
    finally:
        link.close()


def test_a_camera_that_wants_an_account_says_so_when_none_is_configured(street: OnvifStreet) -> None:
    with pytest.raises(CameraUnauthorized, match="give username and password_file"):
        resolve_camera(OnvifEndpoint(street.endpoint.host, street.endpoint.port))


def test_basic_authentication_is_never_answered() -> None:
    def script(asked: Asked) -> bytes:
        if asked.about("GetSystemDateAndTime"):
            return fault("ActionNotSupported")
        return http(b"no", "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')

    with scripted_camera(script) as camera:
        with pytest.raises(CameraUnauthorized, match="digest"):
            resolve_camera(camera.endpoint, 2)
        assert not any("authorization" in asked.headers for asked in camera.asked)


def test_an_expired_nonce_is_renewed_without_a_fresh_start(street: OnvifStreet) -> None:
    link = OnvifLink(street.endpoint, SystemClock())
    request = envelope("<tds:GetDeviceInformation/>")
    try:
        link.ask(DEVICE, request, 5)
        street.server._devices[SPEC.id].gate._secret = b"another after a reboot"
        link.ask(DEVICE, request, 5)
    finally:
        link.close()
    assert street.server.asked("", "token") == 0


# hostile and broken cameras


def _services(host: str, namespaces: tuple[str, ...] = ("ver10/media", "ver20/media", "ver20/ptz")) -> str:
    services = "".join(
        f"<tds:Service><tds:Namespace>http://www.onvif.org/{name}/wsdl</tds:Namespace>"
        f"<tds:XAddr>http://{host}/onvif/{name}</tds:XAddr>"
        "<tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
        for name in namespaces
    )
    return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>"


PROFILE_1 = (
    '<trt:GetProfilesResponse><trt:Profiles token="p1" fixed="true"><tt:Name>one</tt:Name>'
    '<tt:VideoSourceConfiguration token="v"><tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount>'
    '<tt:SourceToken>s</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/>'
    '</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e"><tt:Name>e</tt:Name>'
    "<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1920</tt:Width>"
    "<tt:Height>1080</tt:Height></tt:Resolution><tt:Quality>5</tt:Quality><tt:RateControl><tt:FrameRateLimit>25"
    "</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>4096</tt:BitrateLimit>"
    "</tt:RateControl><tt:H264><tt:GovLength>150</tt:GovLength><tt:H264Profile>High</tt:H264Profile></tt:H264>"
    "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></trt:Profiles>"
    "</trt:GetProfilesResponse>"
)
PROFILE_2 = (
    '<tr2:GetProfilesResponse><tr2:Profiles token="p1"><tr2:Name>one</tr2:Name><tr2:Configurations>'
    '<tr2:VideoEncoder token="e" GovLength="50"><tt:Encoding>H265</tt:Encoding><tt:Resolution><tt:Width>1920'
    "</tt:Width><tt:Height>1080</tt:Height></tt:Resolution></tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>"
    "</tr2:GetProfilesResponse>"
)


def _uri(media2: bool, uri: str, operation: str = "GetStreamUri") -> str:
    if media2:
        return f"<tr2:{operation}Response><tr2:Uri>{uri}</tr2:Uri></tr2:{operation}Response>"
    return (
        f"<trt:{operation}Response><trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false"
        "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
        f"</trt:MediaUri></trt:{operation}Response>"
    )


@pytest.mark.parametrize("media2", [True, False])
@pytest.mark.parametrize("lie", ["service", "stream", "snapshot"])
def test_a_camera_that_names_another_host_is_refused_and_that_host_hears_nothing(media2: bool, lie: str) -> None:
    with scripted_camera(lambda _asked: http(b"ok"), host="127.0.0.2") as canary:
        elsewhere = f"127.0.0.2:{canary.port}"

        def script(asked: Asked) -> bytes:
            own = asked.headers["host"]
            namespaces = ("ver20/media",) if media2 else ("ver10/media",)
            answers = {
                "GetServices": _services(elsewhere if lie == "service" else own, namespaces),
                "GetProfiles": PROFILE_2 if media2 else PROFILE_1,
                "GetStreamUri": _uri(media2, f"rtsp://{elsewhere if lie == 'stream' else '127.0.0.1'}/x"),
                "GetSnapshotUri": _uri(media2, f"http://{elsewhere if lie == 'snapshot' else own}/x", "GetSnapshotUri"),
            }
            content = next((text for name, text in answers.items() if asked.about(name)), None)
            return soap(content) if content else fault("ActionNotSupported")

        with scripted_camera(script) as camera, pytest.raises(ForeignAddress, match=r"another host \(127\.0\.0\.2\)"):
            resolve_camera(camera.endpoint, 2)
        assert canary.connections == 0


def test_a_redirect_is_not_followed() -> None:
    with scripted_camera(lambda _asked: http(b"ok"), host="127.0.0.2") as canary:
        location = f"Location: http://127.0.0.2:{canary.port}/"
        script = http(b"", "307 Temporary Redirect", location)
        with scripted_camera(lambda _asked: script) as camera, pytest.raises(ProtocolError):
            resolve_camera(camera.endpoint, 2)
        assert canary.connections == 0


def test_a_proxy_in_the_environment_gets_nothing(street: OnvifStreet, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_camera(lambda _asked: None) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        resolve_camera(street.endpoint)
        assert proxy.connections == 0


def _endless(length: str) -> Iterator[bytes]:
    yield f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode()
    piece = b"x" * 65536
    for _ in range(200 * 16):  # 200 MB
        yield (b"10000\r\n" + piece + b"\r\n") if "chunked" in length else piece


@pytest.mark.parametrize("length", ["Transfer-Encoding: chunked", "Content-Length: 209715200", "Connection: close"])
def test_an_endless_answer_is_cut_off_without_taking_memory(length: str) -> None:
    with scripted_camera(lambda _asked: _endless(length)) as camera:
        link = OnvifLink(camera.endpoint, SystemClock())
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolError, match="over"):
                link.ask(DEVICE, envelope("<tds:GetServices/>"), 10)
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_REPLY_BYTES
        finally:
            tracemalloc.stop()
            link.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0" * 100,
        b"HTTP/1.1 999\r\n\r\n",
        http(b""),
        http(b"<html>hello</html>"),
        http(b"<a>" * 100_000),
        http(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        http(b"{}", "404 Not Found"),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n<a/>",
    ],
    ids=range(12),
)
def test_nonsense_is_one_clear_camera_error(answer: bytes) -> None:
    with scripted_camera(lambda _asked: answer or None) as camera:
        with pytest.raises((ProtocolError, CameraUnreachable)) as caught:
            resolve_camera(camera.endpoint, 0.5)
        assert camera.endpoint.authority in str(caught.value)


def test_zeep_never_sees_a_document_type_declaration() -> None:
    bomb = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;">]><b>&c;</b>'

    def script(asked: Asked) -> bytes:
        return fault("X") if asked.about("DateAndTime") else http(bomb)

    with scripted_camera(script) as camera, pytest.raises(ProtocolError, match="document type"):
        resolve_camera(camera.endpoint, 2)


def test_a_hung_camera_times_out() -> None:
    with scripted_camera(lambda asked: [b"", *([b""] if camera.stopping.wait(20) else [])]) as camera:
        started_s = time.monotonic()
        with pytest.raises(CameraUnreachable, match="no answer within"):
            resolve_camera(camera.endpoint, 0.4)
        assert time.monotonic() - started_s < 2


def _drip(camera: ScriptedCamera, document: bytes) -> Iterator[bytes]:
    for byte in document:
        camera.stopping.wait(0.05)
        yield bytes([byte])


def test_a_dripping_camera_times_out_as_a_whole() -> None:
    """Each byte comes well within any socket's time-out; together they would take minutes."""
    with scripted_camera(lambda _asked: _drip(camera, http(b"<a>" + b" " * 5000))) as camera:
        started_s = time.monotonic()
        with pytest.raises(CameraUnreachable):
            resolve_camera(camera.endpoint, 0.5)
        assert time.monotonic() - started_s < 2


def test_nobody_there_is_unreachable() -> None:
    with scripted_camera(lambda _asked: None) as camera:
        endpoint = camera.endpoint
    with pytest.raises(CameraUnreachable, match="no connection"):
        resolve_camera(endpoint, 2)


def test_a_reused_connection_that_died_is_replaced_silently() -> None:
    def script(asked: Asked) -> bytes | None:
        return None if asked.number == 1 else fault("Nothing")

    with scripted_camera(script) as camera:
        link = OnvifLink(camera.endpoint, SystemClock())
        for _ in range(2):
            with pytest.raises(ProtocolError, match="the camera answered"):
                link.ask(DEVICE, envelope("<tds:GetServices/>"), 2)
        link.close()
        assert (len(camera.asked), camera.connections) == (3, 2)


def test_what_must_not_happen_twice_is_not_sent_twice() -> None:
    with scripted_camera(lambda asked: fault("Nothing") if asked.number == 0 else None) as camera:
        link = OnvifLink(camera.endpoint, SystemClock())
        with pytest.raises(ProtocolError):
            link.ask(DEVICE, envelope("<tds:GetServices/>"), 2)
        with pytest.raises(CameraUnreachable):
            link.ask(DEVICE, envelope("<tptz:SetPreset/>"), 2, repeatable=False)
        link.close()
        assert sum(asked.about("SetPreset") for asked in camera.asked) == 1


# what must not be left behind


def test_nothing_secret_is_logged_and_no_handler_or_cache_is_left(
    street: OnvifStreet, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(onvif_device, "services", lambda _spec: ["tds", "trt", "tptz"])
    street.server.digest = False
    handlers = logging.getLogger().handlers[:]
    with caplog.at_level(logging.DEBUG):
        camera = resolve_camera(street.endpoint)
    assert logging.getLogger().handlers == handlers
    assert list(tmp_path.iterdir()) == []
    for shown in (caplog.text, repr(camera), repr(street.endpoint)):
        assert SPEC.password not in shown
        assert "PasswordDigest" not in shown


def test_cameras_are_resolved_in_many_threads_at_once() -> None:
    results: list[str] = []
    with onvif_street() as one, onvif_street(codec="h265", ptz=False) as two:

        def resolve(street: OnvifStreet) -> None:
            camera = resolve_camera(street.endpoint, 10)
            results.append(f"{camera.main.codec} {camera.ptz_token}")

        threads = [threading.Thread(target=resolve, args=(street,)) for street in (one, two) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(results) == ["h264 main"] * 4 + ["h265 None"] * 4
