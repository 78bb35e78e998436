"""What was secured plays after its original is gone: by its number, masked as ever, for those who look back."""

from dataclasses import replace
from datetime import timedelta

import httpx

from recorder.shelf import Shelf
from retention.evidence import EvidenceKeeper
from retention.runner import PurgeRunner
from tests.web.served_site import MASKED, OPEN, Site
from vms.clock import now_utc
from vms.rules.terms import Terms
from vms.store import catalog, holds
from vms.store.catalog import Segment
from vms.store.holds import NewHold

CONTENT = bytes(range(256)) * 40
DAYS = timedelta(days=1)


def runner(site: Site) -> PurgeRunner:
    shelf = Shelf(site.config)
    keys_dir = site.directory / "keys"
    keeper = EvidenceKeeper(
        site.store, site.config.evidence_dir, 99.0, keys_dir, site.clock, lambda: shelf.reader, lambda: shelf.keys
    )
    return PurgeRunner(site.store, {site.volume: 100.0}, keys_dir, site.clock, Terms(28), 1.0, evidence=keeper)


def hold(site: Site, segment: Segment) -> int:
    new = NewHold(
        cameras=(segment.camera_id,), start_at=segment.start_at, end_at=segment.end_at, case_number="PL 12",
        legal_basis="art. 126nd Sv", requester="ovj", created_by="evidence_officer",
        review_at=segment.end_at + 90 * DAYS,
    )  # fmt: skip
    with site.store.transaction() as tx:
        return holds.create(tx, new, now_utc(site.clock)).id


def outlived(site: Site, camera: str) -> Segment:
    """Footage that was secured, and whose original is gone."""
    segment = site.segment(camera, content=CONTENT)
    hold(site, segment)
    runner(site).run()
    site.clock.advance(29 * DAYS.total_seconds())
    runner(site).run(confirmed=True)
    assert not (site.volume / segment.path).exists()
    with site.store.reading() as tx:
        assert catalog.segment(tx, segment.id).state == "purged"
    return segment


def looking(site: Site, role: str = "police_reviewer") -> httpx.Client:
    client = site.client(role)
    client.headers["X-Consultation"] = str(site.consultation(client))
    return client


def span(segment: Segment) -> dict[str, str]:
    return {"camera": segment.camera_id, "from": segment.start_at.isoformat(), "to": segment.end_at.isoformat()}


def test_secured_footage_outlives_its_original_for_those_who_look_back(site: Site) -> None:
    segment = outlived(site, OPEN)
    for role in ("police_reviewer", "evidence_officer"):
        answer = looking(site, role).get(f"/api/media/{segment.id}")
        assert (answer.status_code, answer.content) == (200, CONTENT)
    nobody = site.client("police_reviewer").get(f"/api/media/{segment.id}")
    assert nobody.json()["code"] == "consultation_required"
    assert site.client("observer").get(f"/api/media/{segment.id}").status_code == 403
    assert {row.object for row in site.audit("footage.view", "allowed")} == {f"segment:{segment.id}"}


def test_it_stands_in_the_timeline_where_it_was(site: Site) -> None:
    segment = outlived(site, OPEN)
    client = looking(site)
    told = client.get("/api/coverage", params=span(segment)).json()
    assert [one["id"] for one in told["segments"]] == [segment.id]
    assert [stretch["kind"] for stretch in told["stretches"]] == ["recorded"]
    assert told["gaps"] == []
    assert client.get(told["segments"][0]["url"]).content == CONTENT
    later = replace(segment, start_at=segment.end_at, end_at=segment.end_at + DAYS)
    assert client.get("/api/coverage", params=span(later)).json()["segments"] == []


def test_a_masked_camera_s_copy_goes_by_the_painter(site: Site) -> None:
    segment = outlived(site, MASKED)
    answer = looking(site).get(f"/api/media/{segment.id}")
    assert answer.content == site.live.clip
    assert site.live.paths("GET") == [f"/masked/{segment.id}"]


def test_it_can_be_exported(site: Site) -> None:
    segment = outlived(site, OPEN)
    client = looking(site, "evidence_officer")
    body = {**span(segment), "profile": "sub", "consultation": int(client.headers["X-Consultation"])}
    assert client.post("/api/exports", json=body).status_code == 202


def test_released_footage_is_gone_at_once(site: Site) -> None:
    segment = outlived(site, OPEN)
    with site.store.transaction() as tx:
        holds.release(tx, 1, "second", now_utc(site.clock))
    client = looking(site)
    assert client.get(f"/api/media/{segment.id}").status_code == 410
    told = client.get("/api/coverage", params=span(segment)).json()
    assert told["segments"] == []
    assert [stretch["kind"] for stretch in told["stretches"]] == ["expired"]


def test_expired_footage_that_is_held_and_not_secured_yet_plays_from_where_it_is(site: Site) -> None:
    segment = site.segment(OPEN, content=CONTENT)
    hold(site, segment)
    site.clock.advance(29 * DAYS.total_seconds())
    assert looking(site).get(f"/api/media/{segment.id}").content == CONTENT


def test_an_original_that_expired_is_not_shown_in_place_of_its_copy(site: Site) -> None:
    """Secured, and the purge is late: what plays is the evidence."""
    segment = site.segment(OPEN, content=CONTENT)
    hold(site, segment)
    runner(site).run()
    site.clock.advance(29 * DAYS.total_seconds())
    (site.volume / segment.path).write_bytes(b"not this one")
    assert looking(site).get(f"/api/media/{segment.id}").content == CONTENT
