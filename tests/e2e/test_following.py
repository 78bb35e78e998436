"""Somebody is followed on the real wall and looked back under a consultation, with the moment that was marked."""

from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall


def test_a_trail_and_a_mark_made_on_the_wall_are_there_for_who_looks_back(
    product: Product, wall: Wall, cameras_up: list[str]
) -> None:
    cameras = product.config.cameras
    camera = next(each for each in cameras if not each.can_turn)
    on = next(neighbour.id for neighbour in camera.neighbours if neighbour.side == "right")
    wall.call_up(camera.number, camera.id)
    shape = wall.page.locator(f'.way[data-to="{on}"]')
    shape.hover()
    wait_for(lambda: wall.page.locator(".preview img").count() == 1, "what the neighbour sees")
    wall.page.keyboard.press("n")
    wall.page.keyboard.press("ArrowRight")
    wait_for(lambda: wall.hero("camera") == on, "the neighbour in the hero")
    wait_for(lambda: wall.page.locator(".trail li").count() == 2, "both steps on the trail")
    wall.page.keyboard.press("b")
    wall.page.locator("#bookmark-note").fill("rode jas")
    wall.page.keyboard.press("Enter")
    wait_for(lambda: not wall.page.locator("dialog.bookmark").is_visible(), "marked")
    wall.page.locator(".trail > button").click()
    wait_for(lambda: wall.page.locator(".trail").count() == 0, "ended")
    with product.client("police_reviewer") as police:
        body = {"purpose": "opsporing", "reference": "BVH 2026-118822"}
        query = {"consultation": police.post("/api/consultations", json=body).json()["id"]}
        [trail] = police.get("/api/trails", params=query).json()["trails"]
        assert [step["camera"] for step in trail["steps"]] == [camera.id, on]
        span = {"camera": on, "from_us": trail["steps"][0]["at_us"], "to_us": trail["ended_us"]}
        [mark] = police.get("/api/coverage", params=query | span).json()["bookmarks"]
        assert (mark["note"], mark["author"]) == ("rode jas", "observer")
