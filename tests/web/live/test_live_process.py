"""The live process with cameras on the bus and WebRTC viewers on loopback: what arrives is decoded and measured."""

import asyncio
import re
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from live_site import (
    LENS,
    BusCamera,
    LiveSite,
    WhepViewer,
    mask_document,
    running_site,
    site_config,
    status,
    steady_street,
    until_heard,
    until_up,
    viewing,
)

from vms.packet import PtzPose
from vms.units import CameraId
from web.live import mask_book, whep

HALF = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
SPHERE = {"name": "woning", "space": "sphere", "polygon": [[-8, 2], [8, 2], [8, -8], [-8, -8]]}
CAMERAS: list[dict[str, Any]] = [
    {"id": "vrij", "masks": "none"},
    {"id": "vast"},
    {"id": "zonder"},
    {"id": "h265"},
    {"id": "draait", "ptz": True},
    {"id": "weg"},
    {"id": "gedeeld"},
    {"id": "omgezet", "masks": "none"},
    {"id": "vrij265", "masks": "none"},
]
MASKS = (
    mask_document("vast", HALF),
    mask_document("h265", HALF),
    mask_document("gedeeld", HALF),
    mask_document("omgezet", HALF),
    mask_document("draait", SPHERE, lens=LENS),
)


def masked_area(bgr: np.ndarray) -> np.ndarray:
    return bgr[50:200, 80:300]


def control_block(bgr: np.ndarray) -> np.ndarray:
    return bgr[290:330, 550:610]


def assert_masked(bgr: np.ndarray) -> None:
    assert masked_area(bgr).std() < 3
    assert abs(masked_area(bgr).mean() - 130) < 4
    assert_control(bgr)


def assert_control(bgr: np.ndarray) -> None:
    mean = control_block(bgr).reshape(-1, 3).mean(axis=0)
    assert abs(mean - (0, 200, 0)).max() < 12


def shows_control(bgr: np.ndarray) -> bool:
    return bool(control_block(bgr)[..., 1].mean() > 150)


def is_blank(bgr: np.ndarray) -> bool:
    return bool(bgr.std() < 1)


async def first(viewer: Any, wanted: Callable[[np.ndarray], bool]) -> np.ndarray:
    """The first picture that is as wanted; after ten seconds the newest one, whatever it is."""
    async with asyncio.timeout(20):
        for _ in range(50):
            picture = await newest(viewer)
            if wanted(picture):
                break
            await asyncio.sleep(0.2)
        return picture


def assert_blank(bgr: np.ndarray) -> None:
    assert bgr.std() < 1


class Poses:
    """A resting head whose status can stop coming."""

    silent = False

    def __call__(self, now_us: int) -> PtzPose | None:
        return None if self.silent else PtzPose(CameraId("draait"), 0.0, 0.6, 0.0, now_us, now_us, "idle")


@pytest.fixture(scope="module")
def poses() -> Poses:
    return Poses()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, poses: Poses) -> Any:
    config = site_config(tmp_path_factory.mktemp("live"), CAMERAS, pose_stale_ms=600, max_viewers=8)
    with running_site(config, *MASKS) as site:
        for camera in ("vrij", "vast", "zonder", "gedeeld", "omgezet"):
            site.add(camera)
        site.add("h265", codec="h265")
        site.add("vrij265", codec="h265")
        site.add("draait", draw=steady_street, pose=poses)
        yield site


def run(site: LiveSite, scenario: Callable[[Any], Awaitable[None]]) -> None:
    async def body() -> None:
        async with viewing(site.config) as make:
            await scenario(make)

    asyncio.run(body())


async def opened(make: Any, camera: str, profile: str = "tile") -> WhepViewer:
    viewer: WhepViewer = make()
    await until_up(make.http, viewer, camera, profile)
    await viewer.picture()
    return viewer


async def newest(viewer: WhepViewer, seconds: float = 0.5) -> np.ndarray:
    pictures = await viewer.newest(seconds)
    assert pictures
    return pictures[-1].bgr


async def state(make: Any, viewer: WhepViewer) -> dict[str, Any]:
    sessions = (await make.http.get("/sessions")).json()["sessions"]
    found: dict[str, Any] = sessions[viewer.session]
    return found


def test_a_camera_without_masks_is_passed_on_unchanged_and_starts_at_once(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "vrij")
        assert viewer.first_s is not None
        assert viewer.first_s < 3
        bgr = await newest(viewer)
        assert masked_area(bgr).std() > 30
        assert_control(bgr)
        assert (await state(make, viewer))["mask"] == "none"
        video = viewer.answer.split("m=video")[1]
        assert "profile-level-id=42e01f" in video.split("a=fmtp", 2)[1]
        assert "a=sendonly" in video
        assert all(" 127.0.0.1 " in line for line in video.splitlines() if line.startswith("a=candidate"))

    run(site, scenario)


@pytest.mark.parametrize("camera", ["vast", "h265"])
def test_a_masked_area_is_even_grey_and_the_rest_stays(site: LiveSite, camera: str) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, camera)
        for picture in await viewer.newest(1.0):
            assert_masked(picture.bgr)
        assert (await state(make, viewer))["mask"] == "ok"

    run(site, scenario)


def test_a_camera_without_an_approved_set_shows_nothing(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "zonder")
        assert_blank(await newest(viewer))
        told = await state(make, viewer)
        assert (told["mask"], told["reason"]) == ("fault", "no-mask-set")

    run(site, scenario)


def test_a_turning_camera_whose_position_stops_coming_goes_blank_and_returns(site: LiveSite, poses: Poses) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "draait")
        assert_control(await first(viewer, shows_control))
        poses.silent = True
        try:
            assert_blank(await first(viewer, is_blank))
            assert (await state(make, viewer))["reason"] == "stale-pose"
        finally:
            poses.silent = False
        assert_control(await first(viewer, shows_control))

    run(site, scenario)


def test_a_swap_keeps_the_connection_and_never_shows_the_other_cameras_area(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "vast")
        answer = await make.http.patch(f"/whep/{viewer.session}", json={"camera": "vrij", "profile": "tile"})
        assert answer.status_code == 200
        await asyncio.sleep(0.5)
        assert masked_area(await newest(viewer)).std() > 30
        await make.http.patch(f"/whep/{viewer.session}", json={"camera": "vast", "profile": "tile"})
        await asyncio.sleep(0.5)
        pictures = await viewer.newest(0.6)
        assert len(pictures) >= 5
        for picture in pictures:
            assert_masked(picture.bgr)
        stamps = [picture.rtp_timestamp for picture in pictures]
        assert stamps == sorted(set(stamps))
        missing = await make.http.patch(f"/whep/{viewer.session}", json={"camera": "nergens", "profile": "tile"})
        assert missing.status_code == 404

    run(site, scenario)


@pytest.mark.parametrize(("camera", "is_masked"), [("gedeeld", True), ("vrij265", False)])
def test_all_viewers_share_one_encoder(
    site: LiveSite, monkeypatch: pytest.MonkeyPatch, camera: str, is_masked: bool
) -> None:
    """A mask, or H.265 that no browser takes: decoded and encoded once."""
    from web.live import codec

    opened_encoders: list[str] = []
    original = codec.FrameEncoder._open

    def counted(self: Any, frame: Any) -> Any:
        opened_encoders.append("x264")
        return original(self, frame)

    monkeypatch.setattr(codec.FrameEncoder, "_open", counted)

    async def scenario(make: Any) -> None:
        viewers = [await opened(make, camera) for _ in range(3)]
        for viewer in viewers:
            (assert_masked if is_masked else assert_control)(await newest(viewer, 0.3))
        assert opened_encoders == ["x264"]

    run(site, scenario)


def test_a_still_is_masked_like_the_picture(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        for camera, mask in (("vast", "ok"), ("zonder", "fault"), ("vrij", "none")):
            answer = await until_heard(make.http, camera)
            assert answer.headers["x-mask"] == mask
            bgr = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
            {"ok": assert_masked, "fault": assert_blank, "none": assert_control}[mask](bgr)

    run(site, scenario)


async def _refused(make: Any, body: dict[str, Any], status_code: int, code: str) -> Any:
    answer = await make.http.post("/whep", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status_code, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer


def test_refusals_are_problems_with_a_code(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = make()
        await viewer.peer.setLocalDescription(await viewer.peer.createOffer())
        offer = viewer.peer.localDescription.sdp
        base = {"camera": "vrij", "profile": "tile", "sdp": offer, "user": "u"}
        await _refused(make, base | {"camera": "nergens"}, 404, "unknown_camera")
        gone = await _refused(make, base | {"camera": "weg"}, 409, "no_picture")
        assert int(gone.headers["retry-after"]) > 0
        await _refused(make, base | {"sdp": offer.replace("H264", "H263")}, 406, "no_h264")
        await _refused(make, base | {"sdp": offer.replace("mode=1", "mode=0")}, 406, "no_h264")
        for other in ("640c1f", "4d001f", "42ffff"):
            profiles = re.sub("profile-level-id=4[0-9a-f]{5}", f"profile-level-id={other}", offer)
            refused = await _refused(make, base | {"sdp": profiles}, 406, "no_h264")
            assert "profile" in refused.json()["detail"]
        await _refused(make, base | {"sdp": offer.replace("a=recvonly", "a=sendonly")}, 422, "sdp")
        await _refused(make, base | {"sdp": "hello"}, 400, "sdp_malformed")
        await _refused(make, base | {"sdp": offer + "m=video 9 UDP/TLS/RTP/SAVPF 97\r\n"}, 422, "sdp")
        await _refused(make, base | {"sdp": offer.split("a=fingerprint")[0]}, 422, "sdp")
        await _refused(make, base | {"profile": "main"}, 400, "malformed")
        assert (await make.http.post("/whep", content=b"[" * 200_000)).status_code == 413
        assert (await make.http.delete("/whep/nope")).status_code == 404
        assert (await make.http.get("/sessions")).json()["sessions"] == {}

    run(site, scenario)


def test_a_camera_that_went_down_keeps_its_session_and_says_why(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "vrij")
        camera = next(c for c in site.cameras if c.camera == "vrij")
        camera.state = "unreachable"
        try:
            await asyncio.sleep(0.8)
            assert "unreachable" in (await state(make, viewer))["reason"]
            other = make()
            assert (await other.open("vrij")).status_code == 409
        finally:
            camera.state = "up"
        await asyncio.sleep(0.8)
        assert (await state(make, viewer))["reason"] == ""

    run(site, scenario)


def test_pictures_of_a_camera_that_stopped_do_not_pass_for_new(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "gedeeld")
        camera = next(c for c in site.cameras if c.camera == "gedeeld")
        camera.paused.set()
        try:
            await asyncio.sleep(0.5)
            before = await state(make, viewer)
            await asyncio.sleep(2.0)
            late = make()
            await until_up(make.http, late, "gedeeld")
            await asyncio.sleep(0.7)
            assert late.pictures.empty()
            after = await state(make, viewer)
            assert (after["utc_us"], after["frames"]) == (before["utc_us"], before["frames"])
            assert (await state(make, late))["utc_us"] is None
        finally:
            camera.paused.clear()
        assert_masked((await late.picture()).bgr)

    run(site, scenario)


def test_a_set_in_force_is_painted_although_the_configuration_asks_for_none(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "omgezet")
        for picture in await viewer.newest(0.5):
            assert_masked(picture.bgr)
        assert (await state(make, viewer))["mask"] == "ok"

    run(site, scenario)


def test_deleted_sessions_are_gone_and_full_means_503(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewers = [make() for _ in range(8)]
        for viewer in viewers:
            await until_up(make.http, viewer, "vrij")
        one_more: WhepViewer = make()
        full = await one_more.open("vrij")
        assert (full.status_code, full.json()["code"]) == (503, "busy")
        assert "retry-after" in full.headers
        for viewer in viewers:
            assert (await make.http.delete(f"/whep/{viewer.session}")).status_code == 200
        assert (await make.http.get("/sessions")).json()["sessions"] == {}

    run(site, scenario)


def test_candidates_trickle_in_and_an_ice_restart_is_refused(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer = await opened(make, "vrij")
        url = f"/whep/{viewer.session}"
        local = "a=candidate:1 1 udp 2113937151 0c0ffee0-1.local 50000 typ host\r\n"
        usable = "a=candidate:2 1 udp 2113937151 127.0.0.1 50001 typ host\r\n"
        assert (await make.http.patch(url, json={"sdpfrag": local + usable})).status_code == 204
        restart = await make.http.patch(url, json={"sdpfrag": "a=ice-ufrag:nieuw\r\na=ice-pwd:x\r\n"})
        assert (restart.status_code, restart.json()["code"]) == (422, "ice_restart")

    run(site, scenario)


def test_only_our_own_user_may_talk_to_the_socket(site: LiveSite) -> None:
    assert stat.S_IMODE(site.config.live_socket.stat().st_mode) == 0o600


def test_masks_that_are_imported_take_effect_while_watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_book, "REFRESH_S", 0.2)
    config = site_config(tmp_path, [{"id": "vast"}])

    async def scenario(make: Any, site: LiveSite) -> None:
        viewer = await opened(make, "vast")
        assert_blank(await newest(viewer))
        site.import_masks(mask_document("vast", HALF))
        await asyncio.sleep(0.7)
        assert_masked(await newest(viewer))
        site.import_masks(mask_document("vast", HALF) | {"masks": []})
        await asyncio.sleep(1.8)  # passed on from the camera's next keyframe
        assert (await state(make, viewer))["mask"] == "none"
        assert masked_area(await newest(viewer)).std() > 30

    with running_site(config) as site:
        camera: BusCamera = site.add("vast")
        assert camera.state == status("vast", 0).main.state
        run(site, lambda make: scenario(make, site))


def test_a_player_that_names_no_profile_gets_constrained_baseline(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer: WhepViewer = make()
        await viewer.peer.setLocalDescription(await viewer.peer.createOffer())
        offer = re.sub(";profile-level-id=[0-9a-f]{6}", "", viewer.peer.localDescription.sdp)
        answer = await make.http.post("/whep", json={"camera": "vrij", "profile": "tile", "sdp": offer, "user": "u"})
        assert answer.status_code == 201, answer.text
        assert "profile-level-id=42e01f" in answer.json()["sdp"]

    run(site, scenario)


def test_a_player_that_offers_audio_too_gets_the_video(site: LiveSite) -> None:
    async def scenario(make: Any) -> None:
        viewer: WhepViewer = make()
        viewer.peer.addTransceiver("audio", direction="recvonly")
        await until_up(make.http, viewer, "vrij")
        assert_control((await viewer.picture()).bgr)
        audio, video = viewer.answer.split("m=video")[0], viewer.answer.split("m=video")[1]
        if "m=audio" in video:
            video, audio = video.split("m=audio")
        assert "a=inactive" in audio
        assert "a=sendonly" in video

    run(site, scenario)


def test_offers_that_are_never_used_stop_at_their_user(site: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whep, "MAX_CONNECTING_PER_USER", 3)

    async def scenario(make: Any) -> None:
        watching = await opened(make, "vrij")
        lazy: WhepViewer = make()
        await lazy.peer.setLocalDescription(await lazy.peer.createOffer())
        base = {"camera": "vrij", "profile": "tile", "sdp": lazy.peer.localDescription.sdp, "user": "flooder"}
        answers = await asyncio.gather(*(make.http.post("/whep", json=base) for _ in range(12)))
        assert sorted({answer.status_code for answer in answers}) == [201, 429]
        assert sum(answer.status_code == 201 for answer in answers) == 3
        assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
        assert len(await watching.newest(0.5)) >= 4
        other = make()
        assert (await other.open("vrij")).status_code == 201
        for answer in answers:
            if answer.status_code == 201:
                await make.http.delete(f"/whep/{answer.json()['session']}")

    run(site, scenario)
