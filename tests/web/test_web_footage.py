"""Looking back: purpose first, within retention or held, masked unless decided otherwise, and audited."""

from datetime import timedelta

import httpx
import pytest

from tests.web.served_site import MASKED, OPEN, Site
from vms.clock import now_utc
from vms.config import Retention
from vms.keys import DayKey
from vms.rules.masks import parse_mask_import
from vms.store import catalog, decisions, holds, masks
from vms.store.catalog import Segment
from vms.store.holds import NewHold
from vms.units import US_PER_SECOND, us_from_utc, utc_from_us
from web.services import Services

CONTENT = bytes(range(256)) * 40
DUE = timedelta(days=28) - Retention().ahead
"""How old footage may get."""


@pytest.fixture
def police(site: Site) -> httpx.Client:
    client = site.client("police_reviewer")
    client.headers["X-Consultation"] = str(site.consultation(client))
    return client


@pytest.fixture(scope="module")
def steady_police(steady_site: Site) -> httpx.Client:
    client = steady_site.client("police_reviewer")
    client.headers["X-Consultation"] = str(steady_site.consultation(client))
    return client


@pytest.fixture(scope="module")
def original(steady_site: Site) -> Segment:
    return steady_site.segment(OPEN, content=CONTENT)


def hold(site: Site, camera: str, at: timedelta) -> None:
    start = now_utc(site.clock) - at
    new = NewHold(
        cameras=(camera,), start_at=start, end_at=start + timedelta(seconds=10), case_number="PL 12",
        legal_basis="art. 126nd Sv", requester="ovj", created_by="evidence_officer", review_at=start + DUE,
    )  # fmt: skip
    with site.store.transaction() as tx:
        holds.create(tx, new, now_utc(site.clock))


def day(site: Site, camera: str, end_age: timedelta = timedelta(0), **more: object) -> dict[str, object]:
    """Coverage query of the 24 h that ended so long ago."""
    end = now_utc(site.clock) - end_age
    return {"camera": camera, "from": (end - timedelta(days=1)).isoformat(), "to": end.isoformat(), **more}


def test_nothing_is_shown_before_purpose_and_reference(site: Site) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    client = site.client("police_reviewer")
    for path in (f"/api/media/{segment.id}", "/api/coverage"):
        answer = client.get(path, params=day(site, OPEN))
        assert (answer.status_code, answer.json()["code"]) == (403, "consultation_required")
    consultation = site.consultation(client)
    assert client.get(f"/api/media/{segment.id}?consultation={consultation}").status_code == 200
    [row] = site.audit("footage.consult")
    assert (row.object, row.detail) == ("case:BVH 2026-118822", {"purpose": "heterdaad"})


def test_a_consultation_is_ones_own_and_ends_after_four_hours(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    other = site.client("evidence_officer")
    answer = other.get(f"/api/media/{segment.id}", headers={"X-Consultation": police.headers["X-Consultation"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "consultation_over")
    assert police.get(f"/api/media/{segment.id}").status_code == 200
    site.clock.advance(4 * 3600)
    assert police.get(f"/api/media/{segment.id}").json()["code"] == "consultation_over"


@pytest.mark.parametrize(
    "body",
    [{"purpose": "", "reference": "BVH 1"}, {"purpose": "x\ny", "reference": "BVH 1"}, {"purpose": "heterdaad"}, {}],
)
def test_a_consultation_needs_both(steady_site: Site, body: dict[str, str]) -> None:
    answer = steady_site.client("police_reviewer").post("/api/consultations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert answer.json()["fields"]


def test_a_camera_without_masks_plays_its_decrypted_original(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    assert CONTENT[:64] not in (site.volume / segment.path).read_bytes()
    answer = police.get(f"/api/media/{segment.id}")
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert site.live.asked == []


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-299", 100, 300),
        ("bytes=10000-", 10_000, None),
        ("bytes=-500", -500, None),
        ("bytes=5-99999999", 5, None),
    ],
)
def test_ranges_of_originals(
    steady_police: httpx.Client, original: Segment, wanted: str, start: int, end: int | None
) -> None:
    answer = steady_police.get(f"/api/media/{original.id}", headers={"Range": wanted})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    first = start % len(CONTENT)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(CONTENT)}"


def test_odd_ranges(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    beyond = police.get(f"/api/media/{segment.id}", headers={"Range": f"bytes={len(CONTENT)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    for several in ("bytes=0-1,5-6", "items=0-1", "bytes=-", "bytes=9-3"):
        answer = police.get(f"/api/media/{segment.id}", headers={"Range": several})
        assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_camera_with_masks_never_gives_its_original(site: Site, police: httpx.Client) -> None:
    segment = site.segment(MASKED, content=CONTENT)
    answer = police.get(f"/api/media/{segment.id}", headers={"Range": "bytes=0-99"})
    assert answer.status_code == 200
    assert answer.content == site.live.clip
    assert site.live.paths("GET") == [f"/masked/{segment.id}"]
    site.stop_live()
    answer = police.get(f"/api/media/{segment.id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "live_down")


def test_a_camera_that_left_the_configuration_counts_as_masked(site: Site, police: httpx.Client) -> None:
    segment = site.segment("weg-99", content=CONTENT)
    assert police.get(f"/api/media/{segment.id}").content == site.live.clip


def test_masks_that_were_in_force_then_hold_although_the_camera_needs_none_now(
    site: Site, police: httpx.Client
) -> None:
    document = {
        "camera": OPEN, "lens": None, "author": "j.devries", "approver": "a.bakker",
        "valid_from": (now_utc(site.clock) - timedelta(days=2)).isoformat(),
        "masks": [{"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]}],
    }  # fmt: skip
    with site.store.transaction() as tx:
        masks.add(tx, parse_mask_import(document), now_utc(site.clock))
    before = site.segment(OPEN, age=timedelta(days=3), content=CONTENT)
    after = site.segment(OPEN, age=timedelta(days=1), content=CONTENT)
    assert police.get(f"/api/media/{before.id}").content == CONTENT
    assert police.get(f"/api/media/{after.id}").content == site.live.clip


def test_a_render_that_breaks_off_is_not_a_whole_file(site: Site, police: httpx.Client) -> None:
    site.live.break_clip = True
    segment = site.segment(MASKED, content=CONTENT)
    with pytest.raises(httpx.RemoteProtocolError):
        police.get(f"/api/media/{segment.id}")


def test_expired_footage_is_gone_to_the_microsecond_before_any_purge(site: Site, police: httpx.Client) -> None:
    old = site.segment(OPEN, age=DUE - timedelta(microseconds=1), content=CONTENT)
    assert police.get(f"/api/media/{old.id}").status_code == 200
    site.clock.us += 1
    answer = police.get(f"/api/media/{old.id}")
    assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    assert (site.volume / old.path).exists()
    assert [row.detail for row in site.audit("footage.view", "refused")] == [{"reason": "expired"}]


def test_held_footage_plays_on_and_purged_footage_does_not(site: Site, police: httpx.Client) -> None:
    age = timedelta(days=30)
    held = site.segment(OPEN, age=age, content=CONTENT)
    free = site.segment(OPEN, age=age - timedelta(minutes=2), content=CONTENT)
    hold(site, OPEN, age)
    assert police.get(f"/api/media/{held.id}").content == CONTENT
    assert police.get(f"/api/media/{free.id}").status_code == 410
    with site.store.transaction() as tx:
        catalog.set_state(tx, held.id, "purged")
    assert police.get(f"/api/media/{held.id}").status_code == 410


def test_what_never_was_is_404(site: Site, police: httpx.Client) -> None:
    answer = police.get("/api/media/4711")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_footage")
    assert police.get("/api/media/..%2f1").status_code == 404
    assert police.get("/api/media/0").status_code == 422


def test_a_lost_file_is_404_and_a_destroyed_key_503(site: Site, police: httpx.Client) -> None:
    lost, locked = site.segment(OPEN, content=CONTENT), site.segment(OPEN, age=timedelta(days=2), content=CONTENT)
    (site.volume / lost.path).unlink()
    site.keys.destroy(DayKey(OPEN, locked.start_at.date(), "public_order"))
    assert police.get(f"/api/media/{lost.id}").status_code == 404
    assert police.get(f"/api/media/{locked.id}").json()["code"] == "storage"


def test_one_viewing_is_one_audit_row_however_many_ranges(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    for start in (0, 100, 200):
        police.get(f"/api/media/{segment.id}", headers={"Range": f"bytes={start}-"})
    [row] = site.audit("footage.view")
    assert (row.actor, row.object, row.result) == ("token:police_reviewer", f"segment:{segment.id}", "allowed")
    assert row.detail["reference"] == "BVH 2026-118822"
    police.headers["X-Consultation"] = str(site.consultation(police))
    police.get(f"/api/media/{segment.id}")
    assert len(site.audit("footage.view")) == 2


def test_coverage_shows_segments_gaps_and_holds(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, age=timedelta(hours=2), content=CONTENT)
    hold(site, OPEN, timedelta(hours=2))
    gap_at = now_utc(site.clock) - timedelta(hours=1)
    with site.store.transaction() as tx:
        catalog.open_gap(tx, OPEN, "sub", gap_at, "unreachable", "RTSP 401")
    found = police.get("/api/coverage", params=day(site, OPEN)).json()
    start_us = us_from_utc(segment.start_at)
    assert found["segments"] == [
        {
            "id": segment.id,
            "start_us": start_us,
            "end_us": start_us + 60 * US_PER_SECOND,
            "codec": "avc1.42c01f",
            "masked": False,
            "url": f"/api/media/{segment.id}?consultation={police.headers['X-Consultation']}",
            "starts_run": False,
            "skew_ms": None,
            "decision_id": None,
            "placement_id": None,
        }
    ]
    assert found["gaps"] == [
        {
            "start_us": us_from_utc(gap_at),
            "end_us": found["to_us"],
            "open": True,
            "reason": "unreachable",
            "detail": "RTSP 401",
        }
    ]
    assert found["holds"][0]["case_number"] == "PL 12"
    assert found["retention_from_us"] == us_from_utc(now_utc(site.clock) - DUE)
    assert police.get(found["segments"][0]["url"]).content == CONTENT


def test_the_codec_is_that_of_what_will_be_sent(site: Site, police: httpx.Client) -> None:
    site.segment(MASKED, content=CONTENT)
    [segment] = police.get("/api/coverage", params=day(site, MASKED)).json()["segments"]
    assert (segment["masked"], segment["codec"]) == (True, "avc1.42c028")


def test_coverage_leaves_out_what_expired_and_keeps_what_is_held(site: Site, police: httpx.Client) -> None:
    held = site.segment(OPEN, age=timedelta(days=28, hours=2), content=CONTENT)
    site.segment(OPEN, age=timedelta(days=28, hours=1), content=CONTENT)
    young = site.segment(OPEN, age=timedelta(days=27, hours=23), content=CONTENT)
    hold(site, OPEN, timedelta(days=28, hours=2))
    found = police.get("/api/coverage", params=day(site, OPEN, timedelta(days=27, hours=12))).json()
    assert [segment["id"] for segment in found["segments"]] == [held.id, young.id]


def test_footage_that_went_early_for_a_full_disk_is_a_gap_that_says_so(site: Site, police: httpx.Client) -> None:
    hours = [timedelta(hours=2, minutes=-n) for n in range(3)]
    early = [site.segment(OPEN, age=age) for age in hours]
    site.segment(OPEN, age=timedelta(hours=1))
    with site.store.transaction() as tx:
        for segment in early:
            catalog.set_state(tx, segment.id, "purged")
    found = police.get("/api/coverage", params=day(site, OPEN)).json()
    assert len(found["segments"]) == 1
    [gap] = found["gaps"]
    assert (gap["reason"], gap["open"]) == ("disk_pressure", False)
    assert (gap["start_us"], gap["end_us"]) == (us_from_utc(early[0].start_at), us_from_utc(early[2].end_at))


def test_coverage_takes_microseconds_too(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    query = {"camera": OPEN, "from_us": us_from_utc(segment.start_at), "to_us": us_from_utc(segment.end_at)}
    found = police.get("/api/coverage", params=query).json()
    assert [one["id"] for one in found["segments"]] == [segment.id]
    assert utc_from_us(found["from_us"]) == segment.start_at


@pytest.mark.parametrize(
    ("start", "end", "field", "code"),
    [
        ("2026-11-18T10:00:00", "2026-11-18T11:00:00Z", "from", "time_zone_missing"),
        ("2026-11-18T10:00:00Z", "gisteren", "to", "time_format"),
        ("2026-11-18T10:00:00Z", "2026-11-18T10:00:00Z", "to", "time_order"),
        ("2026-11-18T11:00:00Z", "2026-11-18T11:00:00+01:00", "to", "time_order"),
        ("2026-11-17T09:00:00Z", "2026-11-18T10:00:00.000001Z", "to", "time_span"),
        ("0001-01-01T00:00:00+14:00", "2026-11-18T10:00:00Z", "from", "time_format"),
        ("9" * 60, "2026-11-18T10:00:00Z", "from", "time_format"),
        (None, "2026-11-18T10:00:00Z", "from", "time_missing"),
    ],
)
def test_each_wrong_time_is_named_in_dutch_and_english(
    steady_police: httpx.Client, start: str | None, end: str, field: str, code: str
) -> None:
    query = {"camera": OPEN, "to": end} | ({"from": start} if start else {})
    answer = steady_police.get("/api/coverage", params=query)
    body = answer.json()
    assert (answer.status_code, body["code"], list(body["fields"])) == (422, code, [field])
    assert body["fields"][field]["nl"]
    assert body["fields"][field]["nl"] != body["fields"][field]["en"]


def test_coverage_of_an_unknown_camera_is_404(site: Site, police: httpx.Client) -> None:
    assert police.get("/api/coverage", params=day(site, "nowhere")).json()["code"] == "unknown_camera"


def test_what_was_viewed_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    from web import viewed

    monkeypatch.setattr(viewed, "_REMEMBERED", 2)
    seen = viewed.Viewed()
    for segment in (1, 2, 3):
        seen.add(("login", 1, segment, 0))
    assert [("login", 1, segment, 0) in seen for segment in (1, 2, 3)] == [False, True, True]


def test_a_relay_is_closed_when_the_viewer_leaves(site: Site, police: httpx.Client) -> None:
    site.live.hold_clip.clear()
    segment = site.segment(MASKED, content=CONTENT)
    with police.stream("GET", f"/api/media/{segment.id}") as answer:
        assert next(answer.iter_raw(100))
    site.live.hold_clip.set()
    services = site.app.state.services
    assert isinstance(services, Services)
    assert police.get(f"/api/media/{segment.id}").content == site.live.clip


def test_a_seek_asks_only_for_what_lies_at_or_after_it(site: Site, police: httpx.Client) -> None:
    segment = site.segment(MASKED, content=CONTENT)
    at_us = us_from_utc(segment.start_at) + 40 * US_PER_SECOND
    assert police.get(f"/api/media/{segment.id}?from_us={at_us}").content == site.live.clip
    assert site.live.paths("GET") == [f"/masked/{segment.id}?from_us={at_us}"]


def test_stills_of_footage_are_masked_and_audited(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    at_us = us_from_utc(segment.start_at) + 5 * US_PER_SECOND
    for _ in range(3):
        answer = police.get(f"/api/media/{segment.id}/thumbnail?at_us={at_us}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["cache-control"] == "no-store"
    assert [row.object for row in site.audit("footage.view")] == [f"segment:{segment.id}"]
    photo = police.get(f"/api/media/{segment.id}/photo?at_us={at_us}")
    assert photo.headers["content-disposition"].startswith(f'attachment; filename="{OPEN}-')
    [row] = site.audit("footage.photo")
    assert (row.detail["at_us"], row.detail["reference"]) == (at_us, "BVH 2026-118822")
    assert site.live.paths("GET") == [
        f"/footage/{segment.id}/{kind}?at_us={at_us}" for kind in ["thumbnail"] * 3 + ["photo"]
    ]


def test_of_expired_footage_there_is_no_still_and_no_search(site: Site, police: httpx.Client) -> None:
    old = site.segment(OPEN, age=DUE + timedelta(minutes=1), content=CONTENT)
    young = site.segment(OPEN, age=DUE - timedelta(minutes=5), content=CONTENT)
    start_us = us_from_utc(old.start_at)
    for kind in ("thumbnail", "photo"):
        answer = police.get(f"/api/media/{old.id}/{kind}?at_us={start_us}")
        assert (answer.status_code, answer.json()["code"]) == (410, "expired")
    wish = {"camera": OPEN, "from_us": start_us, "to_us": start_us + 3600 * US_PER_SECOND, "region": REGION}
    assert police.post("/api/motion-searches", json=wish).status_code == 200
    assert site.live.asked[-1][2]["segments"] == [young.id]


REGION = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]


def test_a_motion_search_is_audited_with_its_region_and_case(site: Site, police: httpx.Client) -> None:
    segment = site.segment(MASKED, content=CONTENT)
    start_us = us_from_utc(segment.start_at)
    wish = {"camera": MASKED, "from_us": start_us, "to_us": start_us + 60 * US_PER_SECOND, "region": REGION}
    answer = police.post("/api/motion-searches", json=wish)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.text == site.live.motion.decode()
    [row] = site.audit("footage.motion")
    assert (row.object, row.detail["region"]) == (f"camera:{MASKED}", "0.100,0.100 0.500,0.100 0.500,0.500")
    for wrong in ({"region": REGION[:2]}, {"region": [[0, 0], [1, 1], [2, 0]]}, {"to_us": start_us}, {"camera": "x"}):
        assert police.post("/api/motion-searches", json=wish | wrong).status_code in (404, 422)
    assert len(site.audit("footage.motion")) == 1


def test_search_view_and_still_share_one_case(site: Site, police: httpx.Client) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    start_us = us_from_utc(segment.start_at)
    span = {"camera": OPEN, "from_us": start_us, "to_us": start_us + 60 * US_PER_SECOND}
    police.get("/api/coverage", params=span)
    police.get(f"/api/media/{segment.id}")
    police.get(f"/api/media/{segment.id}/photo?at_us={start_us}")
    police.post("/api/motion-searches", json=span | {"region": REGION})
    rows = [row for action in ("search", "view", "photo", "motion") for row in site.audit(f"footage.{action}")]
    assert len(rows) == 4
    assert {row.detail["consultation"] for row in rows} == {int(police.headers["X-Consultation"])}
    assert {row.detail["reference"] for row in rows} == {"BVH 2026-118822"}


def test_coverage_says_under_which_decision_each_segment_was_recorded(site: Site, police: httpx.Client) -> None:
    with site.store.transaction() as tx:
        made = decisions.add(tx, {"registration_numbers": ["135777", "135778"]}, "beleid", now_utc(site.clock))
    site.segment(OPEN, decision_id=made.decision_id)
    site.segment(OPEN, age=timedelta(hours=2))
    found = police.get("/api/coverage", params=day(site, OPEN)).json()
    assert [segment["decision_id"] for segment in found["segments"]] == [None, made.decision_id]
    assert found["decisions"] == {str(made.decision_id): "135777 / 135778"}
