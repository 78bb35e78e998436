"""Shifts: no video before one where they are required, none after it, and the hours that come of it."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.fakes import T0_US, FakeClock
from tests.web.served_site import MASKED, OFFER, OPEN, PASSWORD_HASH, TURNING, Site, eventually
from tests.web.test_web_status import page, read
from vms.clock import now_utc
from vms.rules.shifts import HOUR_US, LONGEST_US, Shift
from vms.store import Store, shifts, users, viewing
from vms.store.viewing import Watched
from vms.units import utc_from_us
from web.api import websocket
from web.audit_trail import AuditTrail
from web.shift_book import ShiftBook
from web.viewing_meter import ViewingMeter

SDP = {"Content-Type": "application/sdp"}
DESK = {"coordinator": "B. Smits", "workstation": "Werkplek 2"}


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site({MASKED: {"area": "Haven"}}, shifts={"required": True})
    with made.store.transaction() as tx:
        for username, name in (("a.aydin", "A. Aydin"), ("b.bakker", "B. Bakker")):
            users.add(tx, username, name, PASSWORD_HASH, ["observer"], now_utc(made.clock))
    yield made
    made.close()


def begin(client: httpx.Client, **more: Any) -> httpx.Response:
    return client.post("/api/shifts", json={**DESK, **more})


def a_shift(username: str, *colleagues: str) -> Shift:
    return Shift(id=0, username=username, colleagues=colleagues, started_us=T0_US, ended_us=None, note="", **DESK)


def watch(client: httpx.Client, camera: str = OPEN) -> httpx.Response:
    return client.post(f"/whep/{camera}", content=OFFER, headers=SDP)


def test_no_video_before_a_shift_has_begun_and_the_refusal_is_audited(site: Site) -> None:
    observer = site.browser("observer")
    refused = [
        watch(observer),
        observer.get(f"/api/cameras/{OPEN}/snapshot"),
        observer.get("/api/overview"),
        observer.post(f"/api/cameras/{TURNING}/ptz/lock"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "shift_required")] * 4
    assert observer.get("/api/cameras").status_code == 200
    moved = observer.get("/muur?stand=4")
    assert (moved.status_code, moved.headers["location"]) == (303, "/dienst?next=/muur%3Fstand%3D4")
    assert [row.action for row in site.audit(result="refused")] == [
        "live.watch", "snapshot.view", "live.watch", "ptz.steer",
    ]  # fmt: skip
    assert begin(observer).status_code == 201
    assert watch(observer).status_code == 201
    assert observer.get("/muur").status_code == 200


def test_police_and_machines_stand_in_no_shift(site: Site) -> None:
    assert watch(site.browser("police_reviewer")).status_code == 201
    assert watch(site.client("observer")).status_code == 201


def test_who_is_named_in_a_shift_watches_in_it(site: Site) -> None:
    first, colleague = site.browser("observer"), site.browser("a.aydin")
    begun = begin(first, colleagues=["a.aydin"])
    assert begun.json()["people"] == ["Demo observer", "A. Aydin"]
    assert watch(colleague).status_code == 201
    assert colleague.get("/api/shifts/mine").json()["shift"]["id"] == begun.json()["id"]
    assert begin(colleague).json()["code"] == "shift_open"
    [row] = site.audit("shifts.begin")
    assert (row.actor, row.detail["colleagues"], row.detail["coordinator"]) == ("observer", "a.aydin", "B. Smits")


def test_nobody_is_in_two_shifts_so_who_closes_one_closes_their_own(site: Site) -> None:
    first, second = site.browser("observer"), site.browser("b.bakker")
    begun = begin(first, colleagues=["a.aydin"]).json()
    for named, name in (("observer", "Demo observer"), ("a.aydin", "A. Aydin")):
        refused = begin(second, colleagues=[named])
        assert (refused.status_code, refused.json()["code"]) == (409, "colleague_in_shift")
        assert refused.json()["fields"]["colleagues"]["nl"].startswith(f"{name} is al in een dienst")
    assert len(site.audit("shifts.begin")) == 1
    assert begin(second).status_code == 201
    ended = site.browser("a.aydin").post("/api/shifts/mine/end", json={"note": "van A"}).json()
    assert (ended["id"], ended["note"]) == (begun["id"], "van A")
    assert watch(first).json()["code"] == "shift_required"
    assert watch(second).status_code == 201
    assert begin(first, colleagues=["a.aydin"]).status_code == 201


def test_two_who_begin_with_the_same_colleague_at_once_get_one_shift(site: Site) -> None:
    people = [site.browser("observer"), site.browser("b.bakker")]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda client: begin(client, colleagues=["a.aydin"]).status_code, people))
    assert sorted(answers) == [201, 409]


def test_names_of_a_whole_register_are_read_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.store.transaction() as tx:
        for _ in range(5):
            shifts.begin(tx, a_shift("observer", "a.aydin"))
        shifts.begin(tx, a_shift("gone", "b.bakker"))
    store = Store(site.config.database_url)
    opened: list[Any] = []
    reading = store.reading

    def counted() -> Any:
        opened.append(reading())
        return opened[-1]

    monkeypatch.setattr(store, "reading", counted)
    book = ShiftBook(site.config, store, site.clock, AuditTrail(store, site.clock))
    told = [shift["people"] for shift in book.register(None)["shifts"]]
    store.close()
    assert told == [["gone", "B. Bakker"], *[["Demo observer", "A. Aydin"]] * 5]
    assert len(opened) == 1


def test_open_pictures_end_within_seconds_of_the_shift_and_the_note_reaches_the_next(site: Site) -> None:
    observer = site.browser("observer")
    begin(observer)
    watch(observer)
    note = "Camera 3 trilt bij wind.\nMelding 2231 loopt nog."
    ended = observer.post("/api/shifts/mine/end", json={"note": note})
    assert ended.json()["closed"] is True
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"])
    assert watch(observer).json()["code"] == "shift_required"
    assert observer.post("/api/shifts/mine/end", json={"note": "nog eens"}).json()["code"] == "no_shift"
    following = site.browser("a.aydin").get("/api/shifts/mine").json()
    assert following["handover"]["note"] == note
    assert observer.get("/api/shifts/mine").json()["before"] == DESK


def told(socket: ClientConnection, *, awaits: bool) -> None:
    """Of the digests that are under way, one says so."""
    assert any(read(socket, "digest")["awaits_shift"] is awaits for _ in range(100))


def test_a_page_is_told_within_seconds_that_live_pictures_wait_for_a_shift(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "DIGEST_EVERY_S", 0.1)
    observer, colleague, police = (site.browser(name) for name in ("observer", "a.aydin", "police_reviewer"))
    with page(site, colleague) as theirs, page(site, police) as free:
        assert read(theirs, "digest")["awaits_shift"] is True
        begin(observer, colleagues=["a.aydin"])
        told(theirs, awaits=False)
        observer.post("/api/shifts/mine/end", json={})
        told(theirs, awaits=True)
        assert read(free, "digest")["awaits_shift"] is False


def test_a_shift_that_nobody_closes_ends_by_itself(site: Site) -> None:
    observer = site.browser("observer")
    begin(observer)
    watch(observer)
    site.clock.advance(LONGEST_US / 1e6)
    eventually(lambda: site.live.paths("DELETE") == ["/whep/session-0001"])
    assert site.client("shift_manager").get("/api/shifts").json()["shifts"][0]["closed"] is False


def test_what_is_filled_in_wrong_is_refused_beside_its_field(site: Site) -> None:
    observer = site.browser("observer")
    for given, field in (
        ({"colleagues": ["technician"]}, "colleagues"),
        ({"colleagues": ["observer"]}, "colleagues"),
        ({"coordinator": " "}, "coordinator"),
        ({"workstation": "x\u0000y"}, "workstation"),
    ):
        answer = begin(observer, **given)
        assert (answer.status_code, list(answer.json()["fields"])) == (422, [field]), answer.text
    assert site.audit("shifts.begin") == []


def test_where_shifts_are_not_required_one_watches_without(site: Site) -> None:
    free = Site()
    try:
        observer = free.browser("observer")
        assert watch(observer).status_code == 201
        assert begin(observer).status_code == 201
    finally:
        free.close()


def test_hours_of_people_and_of_cameras_are_told_by_month_area_and_camera(site: Site) -> None:
    begin(site.browser("observer"), colleagues=["a.aydin"])
    site.clock.advance(2 * 3600)
    at = now_utc(site.clock).replace(minute=0, second=0, microsecond=0)
    hour_us = site.clock.now_us() // HOUR_US * HOUR_US
    with site.store.transaction() as tx:
        viewing.add(tx, {(MASKED, hour_us): Watched(HOUR_US // 2, HOUR_US), (OPEN, hour_us): Watched(1, 1)})
        viewing.add(tx, {(MASKED, hour_us): Watched(HOUR_US // 4, HOUR_US // 4)})
    manager = site.client("shift_manager")
    figures = manager.get("/api/shifts/figures", params={"year": at.year}).json()
    assert (figures["shifts"], figures["manned_us"], figures["person_us"]) == (1, 2 * HOUR_US, 4 * HOUR_US)
    assert sum(month["person_us"] for month in figures["months"]) == 4 * HOUR_US
    assert {area["name"]: area["watched_us"] for area in figures["areas"]} == {"": 1, "Haven": HOUR_US * 3 // 4}
    [camera] = [camera for camera in figures["cameras"] if camera["id"] == MASKED]
    assert (camera["watched_us"], camera["viewer_us"]) == (HOUR_US * 3 // 4, HOUR_US * 5 // 4)
    span = {"from": at.isoformat(), "to": (at + timedelta(hours=2)).isoformat()}
    shown = manager.get("/api/shifts/viewing", params=span).json()
    assert shown["cameras"][MASKED] == [0.75, 0]
    assert utc_from_us(shown["hours_us"][0]) == at


def test_what_live_says_is_watched_is_counted_by_the_second_and_kept_by_the_minute(site: Site) -> None:
    watch(site.client("observer"), MASKED)
    watch(site.client("police_reviewer"), MASKED)
    board = site.app.state.services.board
    eventually(lambda: board.watched() == {MASKED: 2})
    clock = FakeClock(1000 * HOUR_US - 30_000_000)
    meter = ViewingMeter(site.store, clock)

    async def watch_a_minute() -> None:
        for _ in range(60):
            clock.advance(1)
            await meter.look(board.watched())
        clock.advance(3600)  # suspended: nobody knows who watched
        await meter.look(board.watched())
        await meter.keep()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, watch_a_minute()).result()
    with site.store.reading() as tx:
        found = viewing.by_hour(tx, utc_from_us(0), utc_from_us(1002 * HOUR_US))
    half_us = 30_000_000
    assert found == {
        (MASKED, 999 * HOUR_US): Watched(half_us, 2 * half_us),
        (MASKED, 1000 * HOUR_US): Watched(half_us, 2 * half_us),
    }
