"""Volgspoor and markering: made by who watches, read by who looks back, all of it audited."""

from datetime import timedelta

import pytest

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OPEN, TURNING, Site
from vms.clock import now_utc
from vms.config import Retention
from vms.errors import CameraUnreachable
from vms.rules.follow_trail import MAX_STEPS, RESTS_US, TrailStep
from vms.store import trails, users
from vms.store.schema import BookmarkRow, TrailRow, TrailStepRow
from web.passwords import token_hash

S = 1_000_000


def follow(site: Site, came_from: str, to: str, since_us: int = 0, role: str = "observer") -> dict:
    body = {"came_from": came_from, "to": to, "since_us": since_us or site.clock.now_us() - 10 * S}
    answer = site.client(role).post("/api/trails/steps", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def steps(trail: dict) -> list[tuple[str, int]]:
    return [(step["camera"], (step["at_us"] - T0_US) // S) for step in trail["steps"]]


def test_each_step_is_written_down_with_its_time_and_audited(site: Site) -> None:
    follow(site, OPEN, MASKED)
    site.clock.advance(30)
    with_preset = follow(site, OPEN, TURNING)  # back at the first by number, then on
    assert steps(with_preset["trail"]) == [(OPEN, -10), (MASKED, 0), (OPEN, 20), (TURNING, 30)]
    assert site.client("observer").get("/api/trails/mine").json()["trail"] == with_preset["trail"]
    assert site.client("police_reviewer").get("/api/trails/mine").json() == {"trail": None}
    assert [(row.object, row.detail) for row in site.audit("trails.step")] == [
        (f"camera:{MASKED}", {"came_from": OPEN}),
        (f"camera:{TURNING}", {"came_from": OPEN}),
    ]


def test_a_turning_neighbour_goes_to_its_linked_preset_unless_somebody_has_it(site: Site) -> None:
    assert site.capture.operations() == []
    assert follow(site, OPEN, TURNING)["turned"] is True
    assert site.capture.asked[-1] == {"op": "ptz_goto", "camera": TURNING, "preset": "1"}
    assert follow(site, TURNING, MASKED)["turned"] is None
    site.clock.advance(20)
    site.client("police_reviewer").post(f"/api/cameras/{TURNING}/ptz/lock")
    assert follow(site, OPEN, TURNING)["turned"] is False
    site.capture.refuse = CameraUnreachable("no answer")
    assert follow(site, OPEN, TURNING, role="police_reviewer")["turned"] is False
    assert [asked["op"] for asked in site.capture.asked].count("ptz_goto") == 1


def test_a_step_turns_no_camera_for_who_may_not_steer_it(site: Site) -> None:
    with site.store.transaction() as tx:
        users.add_token(
            tx, "spoor", token_hash("token-spoor"), ["observer"], now_utc(site.clock), None, ["trails.make"]
        )
    assert site.capture.operations() == []
    followed = follow(site, OPEN, TURNING, role="spoor")
    assert (steps(followed["trail"]), followed["turned"]) == ([(OPEN, -10), (TURNING, 0)], None)
    assert site.capture.operations() == []
    assert site.audit("ptz.take") == []


def test_an_observer_outside_a_shift_turns_no_camera_by_a_step() -> None:
    site = Site(shifts={"required": True})
    try:
        assert site.capture.operations() == []
        body = {"came_from": OPEN, "to": TURNING, "since_us": site.clock.now_us()}
        answer = site.browser("observer").post("/api/trails/steps", json=body)
        assert (answer.status_code, answer.json()["turned"]) == (201, None)
        assert site.capture.operations() == []
    finally:
        site.close()


def test_a_trail_is_named_and_ended_by_who_made_it(site: Site) -> None:
    observer = site.client("observer")
    assert observer.post("/api/trails/mine/end").json()["code"] == "no_trail"
    follow(site, OPEN, MASKED)
    assert observer.patch("/api/trails/mine", json={"name": " rode jas "}).json()["trail"]["name"] == "rode jas"
    assert site.client("police_reviewer").patch("/api/trails/mine", json={"name": "x"}).status_code == 404
    site.clock.advance(5)
    ended = observer.post("/api/trails/mine/end").json()["trail"]
    assert ended["ended_us"] == T0_US + 5 * S
    assert observer.get("/api/trails/mine").json() == {"trail": None}
    assert follow(site, OPEN, MASKED)["trail"]["id"] != ended["id"]
    assert site.audit("trails.end")[0].detail == {"name": "rode jas"}


def test_a_trail_that_rested_is_over_and_the_next_step_begins_another(site: Site) -> None:
    first = follow(site, OPEN, MASKED)["trail"]
    site.clock.advance(RESTS_US / 1e6)
    assert site.client("observer").get("/api/trails/mine").json() == {"trail": None}
    assert follow(site, OPEN, MASKED)["trail"]["id"] != first["id"]
    police = site.client("police_reviewer")
    found = police.get("/api/trails", params={"consultation": site.consultation(police)}).json()["trails"]
    assert [trail["ended_us"] for trail in found] == [None, T0_US + RESTS_US]


def test_trails_are_read_under_a_consultation_only_and_forgotten_with_the_footage(site: Site) -> None:
    follow(site, OPEN, MASKED)
    police = site.client("police_reviewer")
    assert police.get("/api/trails").json()["code"] == "consultation_required"
    assert site.client("observer").get("/api/trails").status_code == 403
    [trail] = police.get("/api/trails", params={"consultation": site.consultation(police)}).json()["trails"]
    assert (trail["owner"], steps(trail)) == ("token:observer", [(OPEN, -10), (MASKED, 0)])
    assert site.audit("trails.read")[0].detail["reference"] == "BVH 2026-118822"
    site.clock.advance(timedelta(days=28, seconds=1).total_seconds())
    found = police.get("/api/trails", params={"consultation": site.consultation(police)}).json()
    assert found == {"trails": []}
    new = follow(site, OPEN, MASKED)["trail"]
    with site.store.reading() as tx:
        assert [row.id for row in tx.query(TrailRow)] == [new["id"]]
        assert tx.query(TrailStepRow).count() == 2


def test_marks_and_steps_are_forgotten_by_the_term_of_their_camera() -> None:
    site = Site({OPEN: {"neighbours": [MASKED], "retention_days": 7}})
    try:
        follow(site, OPEN, MASKED)
        for camera in (OPEN, MASKED):
            body = {"camera": camera, "at_us": T0_US, "note": "x"}
            assert site.client("observer").post("/api/bookmarks", json=body).status_code == 201
        site.clock.advance(timedelta(days=8).total_seconds())
        police = site.client("police_reviewer")
        [trail] = police.get("/api/trails", params={"consultation": site.consultation(police)}).json()["trails"]
        assert steps(trail) == [(MASKED, 0)]
        site.client("observer").post("/api/bookmarks", json={"camera": OPEN, "note": "later"})
        with site.store.reading() as tx:
            assert [(row.camera_id, row.note) for row in tx.query(BookmarkRow)] == [(MASKED, "x"), (OPEN, "later")]
    finally:
        site.close()


def test_only_neighbours_are_followed_to_and_a_trail_has_an_end(site: Site) -> None:
    body = {"came_from": MASKED, "to": OPEN, "since_us": 0}
    assert site.client("observer").post("/api/trails/steps", json=body).json()["code"] == "no_neighbour"
    unknown = site.client("observer").post("/api/trails/steps", json={**body, "to": "nergens"})
    assert unknown.json()["code"] == "unknown_camera"
    assert site.audit("trails.step") == []
    trail = follow(site, OPEN, MASKED)["trail"]
    with site.store.transaction() as tx:
        trails.add_steps(tx, trail["id"], [TrailStep(OPEN, T0_US)] * (MAX_STEPS - 2))
    answer = site.client("observer").post("/api/trails/steps", json={**body, "came_from": OPEN, "to": MASKED})
    assert (answer.status_code, answer.json()["code"]) == (409, "trail_full")


def coverage(site: Site, camera: str) -> list[dict]:
    police = site.client("police_reviewer")
    query = {"camera": camera, "from_us": T0_US - 60 * S, "to_us": T0_US, "consultation": site.consultation(police)}
    return police.get("/api/coverage", params=query).json()["bookmarks"]


def test_a_marked_moment_is_audited_and_stands_on_the_timeline_of_its_camera(site: Site) -> None:
    observer = site.client("observer")
    body = {"camera": OPEN, "at_us": T0_US - 3 * S, "note": " rode jas "}
    made = observer.post("/api/bookmarks", json=body)
    assert (made.status_code, made.json()["note"]) == (201, "rode jas")
    assert coverage(site, OPEN) == [{"at_us": T0_US - 3 * S, "note": "rode jas", "author": "token:observer"}]
    assert coverage(site, MASKED) == []
    [row] = site.audit("bookmarks.make")
    assert (row.object, row.detail) == (f"camera:{OPEN}", {"at_us": T0_US - 3 * S, "note": "rode jas"})


def test_a_mark_is_invisible_as_soon_as_its_footage_is_too_old(site: Site) -> None:
    site.client("observer").post("/api/bookmarks", json={"camera": OPEN, "at_us": T0_US - S, "note": "x"})
    site.clock.advance((timedelta(days=28) - Retention().ahead).total_seconds() - 2)
    assert len(coverage(site, OPEN)) == 1
    site.clock.advance(2)
    assert coverage(site, OPEN) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"at_us": T0_US - 301 * S}, "bookmark_time"),
        ({"at_us": T0_US + 3 * S}, "bookmark_time"),
        ({"camera": "nergens"}, "unknown_camera"),
        ({"note": "x" * 121}, "invalid_input"),
        ({"note": "a\nb"}, "invalid_input"),
    ],
)
def test_a_mark_has_bounds(steady_site: Site, change: dict, code: str) -> None:
    body = {"camera": OPEN, "at_us": T0_US, **change}
    assert steady_site.client("observer").post("/api/bookmarks", json=body).json()["code"] == code
