"""No home window reaches anybody: live, in the hero, in a snapshot, while the camera turns and when it stands."""

import itertools
import time

import httpx
import pytest

from e2e.browser import Shot
from e2e.pictures import (
    GHOST_PX,
    Picture,
    assert_no_leak,
    bare_windows,
    clock_is_covered,
    clock_us,
    decoded,
    decoded_jpeg,
    is_blank,
    keep,
    leaked_pixels,
)
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall

TURNING_SHOTS = 40


def assert_masked(product: Product, camera: str, shot: Shot, *, turning: bool = False) -> None:
    """turning: a blank picture is a right answer, a covered clock too; a ghost of some pixels is the camera's."""
    assert_no_leak(shot.picture, GHOST_PX if turning else 0)
    if is_blank(shot.picture) and turning:
        return
    assert not is_blank(shot.picture)
    taken_us = clock_us(shot.picture)
    if taken_us is None:
        assert turning, "the clock cannot be read"
        assert clock_is_covered(shot.picture), f"the clock cannot be read: see {keep(shot.picture, 'clock')}"
        return
    bare, windows = bare_windows(shot.picture, product.street, product.truth(camera, taken_us))
    assert (bare, windows > 0) == (0, True), f"{bare} of {windows} windows are not grey"


@pytest.mark.parametrize("number", [1, 2])
def test_the_camera_itself_sends_windows_and_these_tests_see_them(
    product: Product, cameras_up: list[str], number: int
) -> None:
    """The detectors work: on the unmasked stream they find magenta, bare windows and the clock."""
    camera = cameras_up[number - 1]
    url = product.camera_url(camera, "sub")
    for picture in decoded(url, 3, options={"rtsp_transport": "tcp"}, timeout=15):
        assert leaked_pixels(picture) > 500
        taken_us = clock_us(picture)
        assert taken_us is not None
        bare, windows = bare_windows(picture, product.street, product.truth(camera, taken_us))
        assert bare == windows > 3


@pytest.mark.parametrize("number", range(1, 10))
def test_windows_are_grey_on_the_tile(product: Product, wall: Wall, cameras_up: list[str], number: int) -> None:
    camera = cameras_up[number - 1]
    assert_masked(product, camera, wall.tile_shot(camera))


@pytest.mark.parametrize("number", [1, 2])
def test_windows_are_grey_in_the_hero_and_the_street_is_not(
    product: Product, wall: Wall, cameras_up: list[str], number: int
) -> None:
    camera = cameras_up[number - 1]
    wall.call_up(number, camera)
    wait_for(lambda: wall.hero_shot().picture.shape[1] >= 1280, "the large picture")
    shot = wall.hero_shot()
    assert_masked(product, camera, shot)
    road = shot.picture[round(shot.picture.shape[0] * 0.75) : round(shot.picture.shape[0] * 0.95)]
    assert road.std() > 10


@pytest.mark.parametrize("profile", ["tile", "hero"])
def test_windows_are_grey_in_a_snapshot(product: Product, cameras_up: list[str], profile: str) -> None:
    with product.client("observer") as client:
        for camera in cameras_up[:2]:
            answer = client.get(f"/api/cameras/{camera}/snapshot", params={"profile": profile})
            assert (answer.status_code, answer.headers["X-Mask"]) == (200, "ok")
            assert_masked(product, camera, Shot(decoded_jpeg(answer.content), 0, 0, 0))


def test_no_window_is_seen_while_the_camera_turns(product: Product, wall: Wall, cameras_up: list[str]) -> None:
    """An operator sweeps to and fro with the buttons. A blanked picture is a right answer while it turns."""
    camera = cameras_up[0]
    wall.call_up(1, camera)
    seen: set[tuple[str, int]] = set()
    directions_deg: set[int] = set()
    moving = 0
    deadline_s = time.monotonic() + 120
    for name in itertools.cycle(("right", "left")):
        if len(seen) >= TURNING_SHOTS or time.monotonic() > deadline_s:
            break
        wall.page.locator(f"vms-ptz-pad [data-direction={name}]").hover()
        wall.page.mouse.down()
        try:
            for part in ("hero", "tile", "tile", "tile", "tile"):
                shot = wall.hero_shot() if part == "hero" else wall.tile_shot(camera)
                assert_masked(product, camera, shot, turning=True)
                seen.add((part, shot.frames))
                truth = product.truth(camera)
                moving += bool(truth["moving"])
                directions_deg.add(round(truth["pan_deg"]))
        finally:
            wall.page.mouse.up()
    assert len(seen) >= TURNING_SHOTS
    assert moving >= TURNING_SHOTS / 2
    assert max(directions_deg) - min(directions_deg) > 20
    wait_for(lambda: not product.truth(camera)["moving"], "the camera stands")

    def is_clear(shot: Shot) -> bool:
        """The street is seen again, and nothing is left of the windows that passed."""
        return not is_blank(shot.picture) and leaked_pixels(shot.picture) == 0

    wait_for(lambda: is_clear(wall.tile_shot(camera)), "the tile shows the street again")
    wait_for(lambda: is_clear(wall.hero_shot()), "the hero shows the street again")
    assert_masked(product, camera, wall.tile_shot(camera), turning=True)
    assert_masked(product, camera, wall.hero_shot(), turning=True)
    wait_for(lambda: wall.hero("state") == "live", "live again")


def test_a_camera_that_hides_its_position_is_blanked_and_says_so(
    product: Product, wall: Wall, cameras_up: list[str]
) -> None:
    camera = cameras_up[6]
    product.fault(camera, ptz_status="missing")
    try:
        wait_for(lambda: wall.state(camera) == "mask-fault", "the tile says that its mask is unsure")
        wait_for(lambda: is_blank(wall.tile_shot(camera).picture), "the picture is covered")
        assert wall.data("mask")[camera] == "fault"
        assert [c for c in cameras_up if wall.data("mask")[c] == "fault"] == [camera]
    finally:
        product.clear_faults()
    wait_for(lambda: wall.state(camera) == "live", "it comes back by itself")
    wait_for(lambda: not is_blank(wall.tile_shot(camera).picture), "the street is seen again")
    assert_masked(product, camera, wall.tile_shot(camera))


def test_masks_are_asked_for_by_nobody_but_their_guardians(product: Product, cameras_up: list[str]) -> None:
    with product.client("observer") as client:
        answer: httpx.Response = client.get(f"/api/cameras/{cameras_up[0]}/masks")
        assert answer.status_code == 403


def test_withdrawn_masks_cover_the_camera_until_a_second_person_approves_new_ones(
    product: Product, cameras_up: list[str]
) -> None:
    """Drawn by the technician on an unmasked still, tried with the product's own paint, approved by the officer."""
    camera = cameras_up[1]
    masks = f"/api/cameras/{camera}/masks"

    def blank(client: httpx.Client) -> bool:
        answer = client.get(f"/api/cameras/{camera}/snapshot")
        return answer.headers["X-Mask"] == "fault" and is_blank(decoded_jpeg(answer.content))

    def still(client: httpx.Client, **asked: object) -> Picture:
        answer = client.post(f"{masks}/still", json={"reason": "end-to-end", **asked})
        assert answer.status_code == 200, answer.text
        return decoded_jpeg(answer.content)

    with product.client("technician") as drawer, product.client("privacy_officer") as officer:
        before = drawer.get(masks).json()["versions"][0]
        assert officer.post(f"{masks}/close", json={"reason": "end-to-end"}).status_code == 201
        wait_for(lambda: blank(drawer), "nobody sees anything of the camera")
        assert leaked_pixels(still(drawer)) > 500
        assert leaked_pixels(still(drawer, masks=before["masks"])) == 0
        new = {"masks": before["masks"], "lens": before["lens"], "reason": "end-to-end"}
        version = drawer.post(masks, json=new).json()["version"]
        drawer.post(f"{masks}/{version}/propose")
        assert blank(drawer)
        assert drawer.post(f"{masks}/{version}/approve").status_code == 403
        assert officer.post(f"{masks}/{version}/approve").status_code == 201
        wait_for(lambda: not blank(drawer), "the street is seen again")
        answer = drawer.get(f"/api/cameras/{camera}/snapshot")
        assert_masked(product, camera, Shot(decoded_jpeg(answer.content), 0, 0, 0))
