"""What a simulated camera does when a test says that something is wrong with it."""

import base64
import hashlib
import secrets
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from ingest.simulator.model import Faults, SimCamera
from ingest.simulator.onvif_soap import Element, read_xml
from tests.ingest.simulator.sim_street import PASSWORD, USER, SimStreet
from vms.units import US_PER_SECOND, utc_from_us

NAMESPACE = {
    "device_service": "http://www.onvif.org/ver10/device/wsdl",
    "ptz_service": "http://www.onvif.org/ver20/ptz/wsdl",
}
DIGEST = httpx.DigestAuth(USER, PASSWORD)


@pytest.fixture
def street() -> Iterator[SimStreet]:
    with SimStreet().running() as street:
        yield street


def soap(action: str, service: str, header: str = "", content: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>{header}</s:Header><s:Body>'
        f'<{action} xmlns="{NAMESPACE[service]}">{content}</{action}></s:Body></s:Envelope>'
    ).encode()


def token_header(created: str, nonce: bytes, password: str = PASSWORD, kind: str = "PasswordDigest") -> str:
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    return (
        f"<Security><UsernameToken><Username>{USER}</Username><Password Type='urn:x#{kind}'>{digest}</Password>"
        f"<Nonce>{base64.b64encode(nonce).decode()}</Nonce><Created>{created}</Created></UsernameToken></Security>"
    )


def ask(street: SimStreet, camera: SimCamera, action: str, service: str = "device_service") -> Element:
    content = "<ProfileToken>main</ProfileToken>" if service == "ptz_service" else ""
    answer = httpx.post(street.url(camera, service), content=soap(action, service, content=content), auth=DIGEST)
    assert answer.status_code == 200, answer.text
    body = read_xml(answer.content).find("Body")
    assert body is not None
    return body.children[0]


def ask_with_token(street: SimStreet, header: str) -> int:
    document = soap("GetDeviceInformation", "device_service", header)
    return httpx.post(street.url(street.ptz), content=document).status_code


def reported_pan(street: SimStreet) -> float | None:
    pan_tilt = ask(street, street.ptz, "GetStatus", "ptz_service").find("PTZStatus", "Position", "PanTilt")
    return float(pan_tilt.attributes["x"]) if pan_tilt else None


def move_right(street: SimStreet) -> None:
    """36°/s, which is 0.2 of the generic range per second."""
    street.mechanics.continuous_move(pan_tilt=(0.3, 0), timeout_s=5)


def iso(at_us: int) -> str:
    return utc_from_us(at_us).isoformat().replace("+00:00", "Z")


def test_offline_drops_connections_also_open_ones(street: SimStreet) -> None:
    url = street.url(street.fixed)
    time_request = soap("GetSystemDateAndTime", "device_service")
    with httpx.Client() as client:
        assert client.post(url, content=time_request).status_code == 200
        street.fixed.faults.offline = True
        with pytest.raises(httpx.TransportError):
            client.post(url, content=time_request)
    with pytest.raises(httpx.TransportError):
        httpx.post(url, content=time_request)
    assert httpx.post(street.url(street.ptz), content=time_request).status_code == 200
    street.fixed.faults.offline = False
    assert httpx.post(url, content=time_request).status_code == 200


def test_offline_first_camera_leaves_its_port_for_the_others(street: SimStreet) -> None:
    street.ptz.faults.offline = True
    time_request = soap("GetSystemDateAndTime", "device_service")
    with pytest.raises(httpx.TransportError):
        httpx.post(street.url(street.ptz), content=time_request)
    assert httpx.post(street.url(street.ptz, "parade-02/device_service"), content=time_request).status_code == 200


def test_hang_accepts_and_never_answers(street: SimStreet) -> None:
    street.ptz.faults.hang = True
    time_request = soap("GetSystemDateAndTime", "device_service")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(street.url(street.ptz), content=time_request, timeout=0.5)
    street.ptz.faults.hang = False
    assert httpx.post(street.url(street.ptz), content=time_request).status_code == 200


def test_hang_outlasts_many_impatient_clients(street: SimStreet) -> None:
    """Clients that gave up free their connection: the hung camera keeps accepting."""
    street.ptz.faults.hang = True
    for _ in range(150):
        with socket.create_connection(("127.0.0.1", street.port(street.ptz))) as client:
            client.sendall(b"GET /onvif/snapshot HTTP/1.1\r\n\r\n")
    time.sleep(0.2)
    with socket.create_connection(("127.0.0.1", street.port(street.ptz))) as client:
        client.sendall(b"GET /onvif/snapshot HTTP/1.1\r\n\r\n")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_unauthorized_refuses_good_credentials_but_tells_the_time(street: SimStreet) -> None:
    street.ptz.faults.unauthorized = True
    url = street.url(street.ptz)
    refused = httpx.post(url, content=soap("GetScopes", "device_service"), auth=DIGEST)
    assert refused.status_code == 401
    fault = read_xml(refused.content).find("Body", "Fault")
    assert fault is not None
    assert fault.text_of("Code", "Value") == "s:Sender"
    assert fault.text_of("Code", "Subcode", "Value") == "ter:NotAuthorized"
    assert ask_with_token(street, token_header(iso(street.clock.now_us()), b"n")) == 401
    assert httpx.post(url, content=soap("GetSystemDateAndTime", "device_service")).status_code == 200


def test_clock_offset_shows_in_both_clocks_and_shifts_the_token_window(street: SimStreet) -> None:
    street.ptz.faults.clock_offset_s = -3600.25
    camera_us = street.clock.now_us() - 3_600_250_000
    utc = ask(street, street.ptz, "GetStatus", "ptz_service").text_of("PTZStatus", "UtcTime")
    assert utc == utc_from_us(camera_us).isoformat(timespec="microseconds").replace("+00:00", "Z")
    date_time = ask(street, street.ptz, "GetSystemDateAndTime").find("SystemDateAndTime", "UTCDateTime")
    assert date_time is not None
    shown = [int(date_time.text_of("Time", unit) or -1) for unit in ("Hour", "Minute", "Second")]
    camera_time = utc_from_us(camera_us)
    assert shown == [camera_time.hour, camera_time.minute, camera_time.second]
    assert ask_with_token(street, token_header(iso(street.clock.now_us()), b"1")) == 401
    assert ask_with_token(street, token_header(iso(camera_us), b"2")) == 200


def test_late_status_is_the_position_of_some_time_ago_dated_now(street: SimStreet) -> None:
    street.ptz.faults.ptz_status, street.ptz.faults.ptz_status_late_ms = "late", 500
    move_right(street)
    street.clock.advance(2)
    assert reported_pan(street) == pytest.approx(0.2 * 1.5, abs=1e-6)
    utc = ask(street, street.ptz, "GetStatus", "ptz_service").text_of("PTZStatus", "UtcTime")
    assert utc is not None
    assert utc == utc_from_us(street.clock.now_us()).isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_frozen_status_never_changes_until_the_fault_is_gone(street: SimStreet) -> None:
    street.ptz.faults.ptz_status = "frozen"
    assert reported_pan(street) == 0
    move_right(street)
    street.clock.advance(2)
    assert reported_pan(street) == 0
    assert street.mechanics.view_at(street.clock.now_us()).pan_deg == pytest.approx(72)
    street.ptz.faults.ptz_status = "honest"
    assert reported_pan(street) == pytest.approx(0.4, abs=1e-6)
    street.ptz.faults.ptz_status = "frozen"
    assert reported_pan(street) == pytest.approx(0.4, abs=1e-6)


def test_missing_status_has_a_time_and_no_position(street: SimStreet) -> None:
    street.ptz.faults.ptz_status = "missing"
    assert reported_pan(street) is None
    assert ask(street, street.ptz, "GetStatus", "ptz_service").text_of("PTZStatus", "UtcTime")


def test_lying_status_is_twenty_degrees_off_and_stays_in_range(street: SimStreet) -> None:
    street.ptz.faults.ptz_status = "lying"
    assert reported_pan(street) == pytest.approx(20 / 180, abs=1e-6)
    street.mechanics.absolute_move(pan_tilt_deg=(180, 0))
    street.clock.advance(10)
    assert reported_pan(street) == pytest.approx(160 / 180, abs=1e-6)


def test_knocked_pole_is_unknown_to_the_status(street: SimStreet) -> None:
    street.ptz.faults.knocked_deg = (10.0, -5.0)
    assert reported_pan(street) == 0


def test_changed_resolution_shows_in_the_profile(street: SimStreet) -> None:
    street.ptz.faults.resolution = (640, 480)
    answer = httpx.post(
        street.url(street.ptz, "media_service"),
        content=soap("GetProfiles", "device_service").replace(b"ver10/device", b"ver10/media"),
        auth=DIGEST,
    )
    assert b"<tt:Width>640</tt:Width><tt:Height>480</tt:Height>" in answer.content


def test_reboot_takes_the_camera_away_and_homes_it(street: SimStreet) -> None:
    move_right(street)
    street.clock.advance(2)
    assert ask(street, street.ptz, "SystemReboot").text_of("Message") == "Rebooting"
    assert street.ptz.faults.offline
    with pytest.raises(httpx.TransportError):
        httpx.post(street.url(street.ptz), content=soap("GetSystemDateAndTime", "device_service"))
    deadline_s = time.monotonic() + 5
    while street.ptz.faults.offline and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert reported_pan(street) == 0
    assert street.mechanics.view_at(street.clock.now_us()).pan_deg == 0


def test_username_token_counts_once_within_five_minutes_of_the_camera_clock(street: SimStreet) -> None:
    now_us = street.clock.now_us()
    header = token_header(iso(now_us), secrets.token_bytes(16))
    assert ask_with_token(street, header) == 200
    assert ask_with_token(street, header) == 401, "a replayed nonce"
    for offset_s, status in ((-299, 200), (299, 200), (-301, 401), (301, 401)):
        created = iso(now_us + offset_s * US_PER_SECOND)
        assert ask_with_token(street, token_header(created, secrets.token_bytes(16))) == status


@pytest.mark.parametrize(
    ("created", "nonce", "kind", "status"),
    [
        ("{now}Z", b"x", "PasswordDigest", 200),
        ("{now}Z", b"x", "PasswordText", 401),
        ("{now}Z", b"", "PasswordDigest", 401),
        ("{now}", b"x", "PasswordDigest", 401),  # no zone: a time without zone is not a time
        ("yesterday", b"x", "PasswordDigest", 401),
        ("", b"x", "PasswordDigest", 401),
    ],
)
def test_only_a_whole_token_counts(street: SimStreet, created: str, nonce: bytes, kind: str, status: int) -> None:
    now = iso(street.clock.now_us()).removesuffix("Z")
    assert ask_with_token(street, token_header(created.format(now=now), nonce, kind=kind)) == status


def test_no_token_is_no_entry(street: SimStreet) -> None:
    assert ask_with_token(street, "") == ask_with_token(street, "<Security/>") == 401


def test_token_with_the_wrong_password_is_refused(street: SimStreet) -> None:
    header = token_header(iso(street.clock.now_us()), b"x", password="wrong")
    assert ask_with_token(street, header) == 401


def test_an_old_nonce_is_called_stale_and_a_forged_one_is_not(street: SimStreet) -> None:
    url = street.url(street.ptz, "snapshot")
    auth = httpx.DigestAuth(USER, PASSWORD)
    assert httpx.get(url, auth=auth).status_code == 200
    with httpx.Client(auth=auth) as client:
        used = client.get(url).request.headers["authorization"]
    street.clock.advance(timedelta(minutes=6).total_seconds())
    late = httpx.get(url, headers={"Authorization": used})
    assert late.status_code == 401
    assert "stale=true" in late.headers["www-authenticate"]
    forged = used.replace('nonce="', 'nonce="f')
    assert "stale" not in httpx.get(url, headers={"Authorization": forged}).headers["www-authenticate"]


def test_faults_of_one_camera_leave_the_other_alone(street: SimStreet) -> None:
    street.ptz.faults.unauthorized = True
    assert ask(street, street.fixed, "GetHostname").text_of("HostnameInformation", "Name") == "parade-02"
    assert street.fixed.faults == Faults()
