"""The simulated cameras against ONVIF clients that nobody here wrote: onvif-zeep, onveef, plain zeep, curl's way."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import onvif
import pytest
import requests
import zeep
from onveef import OnvifClient
from onveef.exceptions import OnvifAuthError
from requests.auth import HTTPDigestAuth
from zeep.cache import InMemoryCache
from zeep.transports import Transport

from tests.ingest.simulator.sim_street import JPEG, PASSWORD, USER, SimStreet

WSDL = Path(onvif.__file__).parents[1] / "wsdl"
PTZ_BINDING = "{http://www.onvif.org/ver20/ptz/wsdl}PTZBinding"
UNICAST = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


@pytest.fixture(scope="module")
def running() -> Iterator[SimStreet]:
    with SimStreet().running() as street:
        yield street


@pytest.fixture
def street(running: SimStreet) -> SimStreet:
    running.mechanics.reboot()
    running.video.keyframes.clear()
    return running


@contextmanager
def zeep_camera(street: SimStreet, port: int, password: str = PASSWORD) -> Iterator[Any]:
    """onvif-zeep: WS-UsernameToken."""
    with requests.Session() as session:
        transport = Transport(session=session, timeout=5, operation_timeout=5, cache=InMemoryCache())
        yield onvif.ONVIFCamera("127.0.0.1", port, USER, password, no_cache=True, transport=transport)


@contextmanager
def zeep_digest_ptz(url: str) -> Iterator[Any]:
    """zeep with ONVIF's WSDL and HTTP digest, parsing strictly."""
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(USER, PASSWORD)
        transport = Transport(session=session, timeout=5, operation_timeout=5)
        yield zeep.Client(str(WSDL / "ptz.wsdl"), transport=transport).create_service(PTZ_BINDING, url)


def test_onvif_zeep_lists_profiles_and_stream_addresses(street: SimStreet) -> None:
    with zeep_camera(street, street.port(street.ptz)) as camera:
        assert camera.devicemgmt.GetDeviceInformation().SerialNumber == "SIM000001"
        media = camera.create_media_service()
        profiles = media.GetProfiles()
        assert [profile.token for profile in profiles] == ["main", "sub"]
        encoder = profiles[1].VideoEncoderConfiguration
        assert (encoder.Resolution.Width, encoder.Resolution.Height, encoder.Encoding) == (640, 360, "H264")
        assert encoder.H264.GovLength == 12
        uri = media.GetStreamUri({"StreamSetup": UNICAST, "ProfileToken": "sub"}).Uri
        assert uri == "rtsp://127.0.0.1:8554/markt-01/sub"


def test_onvif_zeep_moves_the_camera_and_reads_where_it_is(street: SimStreet) -> None:
    with zeep_camera(street, street.port(street.ptz)) as camera:
        ptz = camera.create_ptz_service()
        ptz.ContinuousMove(
            {
                "ProfileToken": "main",
                "Velocity": {"PanTilt": {"x": 0.5, "y": 0}, "Zoom": {"x": 0.2}},
                "Timeout": timedelta(seconds=1.5),
            }
        )
        street.clock.advance(0.5)
        status = ptz.GetStatus({"ProfileToken": "main"})
        assert status.Position.PanTilt.x == pytest.approx(30 / 180, abs=1e-6)
        assert status.Position.Zoom.x == pytest.approx(0.05, abs=1e-6)
        assert status.MoveStatus.PanTilt == "MOVING"
        assert round(status.UtcTime.timestamp() * 1e6) == pytest.approx(street.clock.now_us(), abs=1)
        street.clock.advance(10)
        status = ptz.GetStatus({"ProfileToken": "main"})
        assert status.MoveStatus.PanTilt == "IDLE"
        assert status.Position.PanTilt.x == pytest.approx(0.5, abs=1e-6)


def test_zeep_over_http_digest_moves_absolutely_and_uses_presets(street: SimStreet) -> None:
    with zeep_digest_ptz(street.url(street.ptz, "ptz_service")) as ptz:
        ptz.AbsoluteMove(ProfileToken="main", Position={"PanTilt": {"x": -0.5, "y": 0.0}, "Zoom": {"x": 0.5}})
        street.clock.advance(10)
        view = street.mechanics.view_at(street.clock.now_us())
        assert (view.pan_deg, view.tilt_deg, view.hfov_deg) == (-90.0, -35.0, 12.0)
        token = ptz.SetPreset(ProfileToken="main", PresetName="Hoek <&>")
        ptz.GotoHomePosition(ProfileToken="main")
        street.clock.advance(10)
        assert ptz.GetStatus(ProfileToken="main").Position.PanTilt.x == 0
        presets = {preset.token: preset for preset in ptz.GetPresets(ProfileToken="main")}
        assert presets[token].Name == "Hoek <&>"
        assert presets[token].PTZPosition.PanTilt.x == -0.5
        ptz.GotoPreset(ProfileToken="main", PresetToken=token)
        street.clock.advance(10)
        assert street.mechanics.view_at(street.clock.now_us()) == view
        ptz.RemovePreset(ProfileToken="main", PresetToken=token)
        with pytest.raises(zeep.exceptions.Fault) as refused:
            ptz.GotoPreset(ProfileToken="main", PresetToken=token)
        assert [name.localname for name in refused.value.subcodes] == ["InvalidArgVal", "NoToken"]


def test_relative_move_and_stop_of_one_axis(street: SimStreet) -> None:
    with zeep_digest_ptz(street.url(street.ptz, "ptz_service")) as ptz:
        ptz.RelativeMove(ProfileToken="main", Translation={"PanTilt": {"x": 0.25, "y": 0}})
        street.clock.advance(10)
        assert street.mechanics.view_at(street.clock.now_us()).pan_deg == pytest.approx(45.0)
        ptz.ContinuousMove(
            ProfileToken="main", Velocity={"PanTilt": {"x": 0.1, "y": 0}, "Zoom": {"x": 0.1}}, Timeout="PT5S"
        )
        ptz.Stop(ProfileToken="main", PanTilt=True, Zoom=False)
        status = ptz.GetStatus(ProfileToken="main")
        assert (status.MoveStatus.PanTilt, status.MoveStatus.Zoom) == ("IDLE", "MOVING")
        ptz.Stop(ProfileToken="main")
        assert ptz.GetStatus(ProfileToken="main").MoveStatus.Zoom == "IDLE"


@pytest.mark.parametrize(
    ("operation", "arguments", "subcode"),
    [
        ("ContinuousMove", {"Velocity": {"PanTilt": {"x": 2, "y": 0}}}, "InvalidVelocity"),
        ("ContinuousMove", {"Velocity": {"PanTilt": {"x": 0, "y": 0}}, "Timeout": "PT1H"}, "TimeoutNotSupported"),
        ("AbsoluteMove", {"Position": {"Zoom": {"x": -0.5}}}, "InvalidPosition"),
        ("AbsoluteMove", {"Position": {"PanTilt": {"x": 0, "y": 0, "space": "urn:degrees"}}}, "SpaceNotSupported"),
        ("GotoPreset", {"PresetToken": "nowhere"}, "NoToken"),
        ("GetStatus", {"ProfileToken": "third"}, "NoProfile"),
    ],
)
def test_a_wrong_argument_is_named_by_its_fault_and_moves_nothing(
    street: SimStreet, operation: str, arguments: dict[str, Any], subcode: str
) -> None:
    with zeep_digest_ptz(street.url(street.ptz, "ptz_service")) as ptz:
        with pytest.raises(zeep.exceptions.Fault) as refused:
            getattr(ptz, operation)(**{"ProfileToken": "main", **arguments})
        assert [name.localname for name in refused.value.subcodes] == ["InvalidArgVal", subcode]
    assert not street.mechanics.status(street.clock.now_us()).pan_tilt_moving


@pytest.mark.parametrize("http_auth", ["auto", "digest"])
def test_onveef_uses_media2_ptz_and_the_snapshot(street: SimStreet, http_auth: str) -> None:
    with OnvifClient("127.0.0.1", street.port(street.ptz), USER, PASSWORD, http_auth=http_auth) as camera:
        assert set(camera.get_services()) == {"device", "media", "media2", "ptz"}
        profiles = camera.media2_get_profiles(types=["All"])
        assert [profile["token"] for profile in profiles] == ["main", "sub"]
        assert profiles[0]["video_encoder"]["width"] == 1280
        assert camera.get_stream_uri(profile_token="main") == "rtsp://127.0.0.1:8554/markt-01/main"
        camera.media2_set_synchronization_point(profile_token="sub")
        assert street.video.keyframes == [("markt-01", "sub")]
        camera.ptz_continuous_move(profile_token="main", pan=-1.0, tilt=0.0, zoom=0.0)
        street.clock.advance(0.5)
        status = camera.ptz_get_status(profile_token="main")
        assert status["pan"] == pytest.approx(-60 / 180, abs=1e-6)
        camera.ptz_stop(profile_token="main")
        assert camera.ptz_get_status(profile_token="main")["move_status"]["pan_tilt"] == "IDLE"
        picture, content_type = camera.get_snapshot(profile_token="main")
        assert (picture, content_type) == (JPEG + b"markt-01", "image/jpeg")


def test_a_fixed_h265_camera_has_no_ptz_and_shows_its_encoder_in_media2_only(street: SimStreet) -> None:
    with OnvifClient("127.0.0.1", street.port(street.fixed), USER, PASSWORD) as camera:
        assert "ptz" not in camera.get_services()
        assert {profile["video_encoder"]["encoding"] for profile in camera.media2_get_profiles(types=["All"])} == {
            "H265"
        }
        assert all("video_encoder" not in profile for profile in camera.get_profiles())
    answer = httpx.post(street.url(street.fixed, "ptz_service"), content=b"<x/>")
    assert answer.status_code == 404


def test_a_wrong_password_is_refused_in_both_ways(street: SimStreet) -> None:
    with OnvifClient("127.0.0.1", street.port(street.ptz), USER, "wrong") as camera, pytest.raises(OnvifAuthError):
        camera.get_profiles()
    with zeep_camera(street, street.port(street.ptz), "wrong") as camera:
        assert camera.devicemgmt.GetSystemDateAndTime().UTCDateTime is not None
        with pytest.raises(onvif.ONVIFError, match="not authorized"):
            camera.devicemgmt.GetDeviceInformation()
    snapshot = street.url(street.ptz, "snapshot")
    assert httpx.get(snapshot, auth=httpx.DigestAuth(USER, "wrong")).status_code == 401
    assert httpx.get(snapshot).headers["www-authenticate"].startswith("Digest realm=")
    assert httpx.get(snapshot, auth=httpx.DigestAuth(USER, PASSWORD)).content == JPEG + b"markt-01"


def test_the_first_port_knows_all_cameras_by_their_id(street: SimStreet) -> None:
    first = f"http://127.0.0.1:{street.port(street.ptz)}/onvif/parade-02/device_service"
    with OnvifClient(first, username=USER, password=PASSWORD) as camera:
        assert camera.get_device_information()["SerialNumber"] == "SIM000002"
        assert camera.get_services()["media2"].endswith("/onvif/parade-02/media2_service")
        assert len(camera.get_profiles()) == 2
    other = f"http://127.0.0.1:{street.port(street.fixed)}/onvif/markt-01/device_service"
    assert httpx.post(other, content=b"<x/>").status_code == 404
