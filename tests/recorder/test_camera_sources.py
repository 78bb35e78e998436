"""Where a camera's streams are after a restart: as it told before, until it can be asked again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_memory import remember
from ingest.simulator import onvif_device
from recorder.camera_sources import CameraSources
from recorder.capture_requests import CaptureRequests
from recorder.errands import Errands
from tests.fakes import FakeClock
from tests.ingest.onvif_street import SPEC, OnvifStreet, onvif_street
from tests.web.served_site import eventually
from vms.config.model import Camera
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError
from vms.units import CameraId


@pytest.fixture
def street() -> Iterator[OnvifStreet]:
    with onvif_street() as running:
        yield running


def sources(tmp_path: Path, endpoint: OnvifEndpoint) -> tuple[CameraSources, list[OnvifCamera]]:
    (tmp_path / "pw").write_text(endpoint.password)
    onvif = {
        "host": endpoint.host,
        "port": endpoint.port,
        "username": endpoint.username,
        "password_file": tmp_path / "pw",
    }
    camera = Camera.model_validate({"id": "markt-01", "number": 1, "name": "Markt", "onvif": onvif})
    told: list[OnvifCamera] = []
    return CameraSources(camera, FakeClock(), tmp_path / "cameras", told.append), told


def test_after_a_restart_the_streams_are_known_while_the_camera_does_not_answer(tmp_path: Path) -> None:
    with onvif_street() as street:
        before, told = sources(tmp_path, street.endpoint)
        urls = [before.stream(profile).url for profile in ("main", "sub")]
        assert len(told) == 1
    after, told = sources(tmp_path, street.endpoint)
    assert [after.stream(profile).url for profile in ("main", "sub")] == urls
    assert after.remembered is not None
    assert told == []
    with pytest.raises(CameraUnreachable):
        after.confirm()
    after.forget()
    with pytest.raises(CameraUnreachable):
        after.stream("main")


def test_a_stream_that_moved_is_told_once_the_camera_was_asked(street: OnvifStreet, tmp_path: Path) -> None:
    first, _ = sources(tmp_path, street.endpoint)
    camera = first.onvif_camera()
    remember(
        tmp_path / "cameras" / "markt-01.json", street.endpoint, replace(camera, main_url=f"{camera.main_url}/old")
    )
    again, told = sources(tmp_path, street.endpoint)
    assert again.stream("main").url.endswith("/old")
    assert again.stream("sub").url == camera.sub_url
    assert again.confirm() == ["main"]
    assert again.remembered is None
    assert [found.main_url for found in told] == [camera.main_url]
    assert sources(tmp_path, street.endpoint)[0].stream("main").url == camera.main_url


def test_a_stream_that_begins_asks_its_camera_for_a_keyframe(street: OnvifStreet, tmp_path: Path) -> None:
    found, _ = sources(tmp_path, street.endpoint)
    found.ask_keyframe("main")
    assert street.video.keyframes == []
    found.onvif_camera()
    found.ask_keyframe("sub")
    assert street.video.keyframes == [(SPEC.id, "sub")]


def test_viewers_get_a_keyframe_of_a_camera_that_cannot_turn_but_not_in_a_flood(
    street: OnvifStreet, tmp_path: Path
) -> None:
    found, _ = sources(tmp_path, street.endpoint)
    found.onvif_camera()

    def no_ptz(_camera: str) -> None:
        return None

    requests = CaptureRequests(no_ptz, lambda _camera, profile: found.want_keyframe(profile), list)
    wanted: dict[str, str] = {"op": "keyframe", "camera": "markt-01"}
    asked = [requests.answer({**wanted, "profile": "main"})["ok"] for _ in range(5)]
    assert requests.answer({**wanted, "profile": "sub"})["ok"]
    assert asked == [True, False, False, False, False]
    assert street.video.keyframes == [(SPEC.id, "main"), (SPEC.id, "sub")]
    with pytest.raises(ProtocolError, match="profile"):
        requests.answer({**wanted, "profile": "both"})


def test_a_keyframe_is_asked_for_through_media1_too(
    street: OnvifStreet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onvif_device, "services", lambda _spec: ["tds", "trt", "tptz"])
    found, _ = sources(tmp_path, street.endpoint)
    found.onvif_camera()
    assert found.want_keyframe("main")
    assert street.video.keyframes == [(SPEC.id, "main")]


def test_errands_for_later_are_tried_again_but_never_at_a_camera_that_refuses_the_account() -> None:
    errands = Errands(later_s=0.0, retry_s=0.0)
    done: list[str] = []

    def busy() -> None:
        done.append("busy")
        if done.count("busy") < 3:
            raise CameraUnreachable("no answer")

    def refused() -> None:
        done.append("refused")
        raise CameraUnauthorized("wrong password")

    errands.later(CameraId("markt-01"), busy)
    errands.later(CameraId("markt-02"), refused)
    errands.start()
    eventually(lambda: done.count("busy") == 3)
    errands.stop()
    errands.now(CameraId("markt-01"), refused)
    assert done.count("refused") == 1
