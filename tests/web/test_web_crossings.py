"""Cameras of another purpose: shown to who has a role for it by name, or was let in on a recorded basis."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.web.served_site import MASKED, OFFER, OPEN, PASSWORD, TURNING, Site, eventually
from tests.web.test_reach import SDP, limit
from vms.units import utc_from_us

PURPOSES = {MASKED: {"area": "Haven", "purpose": "traffic"}, TURNING: {"area": "Haven", "purpose": "traffic"}}
WISH = {"holder": "observer", "purpose": "traffic", "hours": 2, "basis": "art. 3 Politiewet; aanrijding, zaak 12"}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site(PURPOSES)
    yield made
    made.close()


def watch(client: httpx.Client, camera: str) -> httpx.Response:
    return client.post(f"/whep/{camera}", content=OFFER, headers=SDP)


def test_without_a_basis_nothing_of_it_is_shown_and_the_answer_says_how_to_get_one(site: Site) -> None:
    observer, reviewer = site.browser("observer"), site.browser("police_reviewer")
    assert watch(observer, OPEN).status_code == 201
    for answer in (watch(observer, MASKED), observer.get(f"/api/cameras/{MASKED}/snapshot")):
        assert (answer.status_code, "Inzage voor een ander doel" in answer.json()["nl"]) == (403, True)
    site.consultation(reviewer)
    segment = site.segment(MASKED, age=timedelta(hours=1), content=b"x")
    assert reviewer.get(f"/api/media/{segment.id}").status_code == 403
    assert observer.get("/api/overview").status_code == 200
    [sheet] = [query for verb, path, query in site.live.asked if path.startswith("/sheet")]
    assert MASKED not in str(sheet)
    assert {row["id"] for row in observer.get("/api/cameras").json()["cameras"]} >= {MASKED}, (
        "that it is there is known"
    )


def test_a_crossing_opens_seeing_at_once_and_every_use_names_it(site: Site) -> None:
    observer, manager = site.browser("observer"), site.browser("shift_manager")
    given = manager.post("/api/crossings", json=WISH)
    assert given.status_code == 201, given.text
    assert given.json()["to_us"] - given.json()["from_us"] == 2 * 3600 * 10**6
    assert watch(observer, MASKED).status_code == 201
    assert watch(observer, OPEN).status_code == 201
    rows = {row.object: row.detail.get("crossing") for row in site.audit("live.watch")}
    assert rows == {f"camera:{MASKED}": given.json()["id"], f"camera:{OPEN}": None}
    lock = observer.post(f"/api/cameras/{TURNING}/ptz/lock", json={})
    assert lock.status_code == 403, "seeing is not steering"
    [row] = site.audit("crossings.give")
    assert (row.actor, row.object, row.detail["basis"], row.detail["purpose"]) == (
        "shift_manager", "user:observer", WISH["basis"], "traffic"
    )  # fmt: skip
    [told] = manager.get("/api/crossings").json()["crossings"]
    assert (told["holder"], told["state"], told["given_by"]) == ("observer", "holds", "shift_manager")
    users = site.browser("admin").get("/api/users").json()["users"]
    assert [user["grants"] for user in users if user["username"] == "observer"] == [[]], "it is no role"


def test_the_sheet_of_all_cameras_names_the_crossing_also_one_that_begins_while_it_is_open(site: Site) -> None:
    observer, manager = site.browser("observer"), site.browser("shift_manager")
    assert observer.get("/api/overview").status_code == 200
    crossing = manager.post("/api/crossings", json=WISH).json()["id"]
    for _ in range(2):
        assert observer.get("/api/overview").status_code == 200
    assert MASKED in str(site.live.asked[-1])
    assert [row.detail.get("crossing") for row in site.audit("live.watch")] == [None, str(crossing)]


def test_looking_back_through_a_crossing_names_it_each_time_and_takes_nothing_along(site: Site) -> None:
    reviewer, manager = site.browser("police_reviewer"), site.browser("shift_manager")
    segment = site.segment(MASKED, age=timedelta(hours=1), content=b"x")
    assert manager.post("/api/crossings", json=WISH | {"holder": "police_reviewer"}).status_code == 201
    case = {"consultation": site.consultation(reviewer)}
    day = {"camera": MASKED, "from_us": site.clock.now_us() - 7200 * 10**6, "to_us": site.clock.now_us(), **case}
    assert reviewer.get("/api/coverage", params=day).status_code == 200
    at_us = site.clock.now_us() - 3600 * 10**6
    assert reviewer.get(f"/api/media/{segment.id}/thumbnail", params={"at_us": at_us, **case}).status_code == 200
    photo = reviewer.get(f"/api/media/{segment.id}/photo", params={"at_us": at_us, **case})
    assert (photo.status_code, photo.json()["code"]) == (403, "forbidden")
    start = utc_from_us(at_us)
    wanted = {"camera": MASKED, "from": start.isoformat(), "to": (start + timedelta(seconds=1)).isoformat(), **case}
    clip = reviewer.post("/api/exports", json=wanted)
    assert clip.status_code == 403
    told = [row.detail["crossing"] for action in ("footage.search", "footage.view") for row in site.audit(action)]
    assert told == [1, 1]


def test_an_end_shuts_open_tiles_within_seconds(site: Site) -> None:
    observer, officer = site.browser("observer"), site.browser("privacy_officer")
    crossing = officer.post("/api/crossings", json=WISH).json()["id"]
    for camera in (MASKED, OPEN):
        assert watch(observer, camera).status_code == 201
    assert officer.post(f"/api/crossings/{crossing}/withdraw", json={}).status_code == 204
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"], timeout_s=5)
    assert list(site.live.sessions) == ["session-0002"]
    assert officer.post(f"/api/crossings/{crossing}/withdraw", json={}).json()["code"] == "crossing_ended"
    assert officer.post("/api/crossings/999/withdraw", json={}).json()["code"] == "not_found"


def test_a_role_given_for_the_purpose_by_name_needs_no_crossing(site: Site) -> None:
    limit(site, "observer", "observer")
    limit(site, "observer", "observer", purpose="traffic")
    assert watch(site.browser("observer"), MASKED).status_code == 201
    assert site.audit("live.watch")[0].detail.get("crossing") is None


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"holder": "shift_manager"}, "holder", "crossing_oneself"),
        ({"holder": "niemand"}, "holder", "crossing_account"),
        ({"holder": "technician"}, "holder", None),
        ({"holder": "admin"}, "holder", "crossing_role"),
        ({"purpose": "public_order"}, "purpose", "crossing_purpose"),
        ({"hours": 25}, "hours", "crossing_hours"),
        ({"basis": "zomaar"}, "basis", "crossing_basis"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_lets_nobody_in(
    shared_site: Site, changes: dict[str, object], field: str, code: str | None
) -> None:
    manager = shared_site.person("shift_manager")
    answer = manager.post("/api/crossings", json=WISH | changes)
    if code is None:
        assert answer.status_code == 201, "a technician sees stills, of every purpose"
        return
    assert (answer.json()["code"], list(answer.json()["fields"])) == (code, [field])


def test_only_the_privacy_officer_and_the_shift_manager_let_people_in_and_no_token(shared_site: Site) -> None:
    for role in ("observer", "admin", "technician"):
        assert shared_site.person(role).post("/api/crossings", json=WISH).status_code == 403
    assert shared_site.client("shift_manager").post("/api/crossings", json=WISH).status_code == 403


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    made = Site(PURPOSES)
    yield made
    made.close()


@pytest.mark.e2e
def test_the_shift_manager_lets_somebody_in_by_keyboard_and_ends_it(browser: Browser, shared_site: Site) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="nl-NL", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{shared_site.url}/inloggen?next=/toezicht")
    page.fill("input[name=username]", "shift_manager")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    part = page.locator("#inzage")
    part.get_by_label("Inlognaam").focus()
    page.keyboard.type("observer")
    page.keyboard.press("Enter")
    expect(part.get_by_label("Grondslag, en waarom nu")).to_be_focused()
    expect(part.locator("#crossing-basis-error")).to_contain_text("Noem de grondslag")
    page.keyboard.type(str(WISH["basis"]))
    page.keyboard.press("Enter")
    row = part.locator('tr[data-state="holds"]', has_text="observer")
    expect(row).to_contain_text("zaak 12")
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    assert [found["id"] for found in Axe().run(page, options=options).response["violations"]] == []
    row.get_by_role("button", name="Beëindigen").focus()
    page.keyboard.press("Enter")
    expect(part.locator('tr[data-state="revoked"]', has_text="observer")).to_contain_text("shift_manager")
    context.close()
