"""Every second of a camera's day is accounted for, to technicians without any footage and to police beside it."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from tests.web.served_site import MASKED, OPEN, Site, camera_status, stream_status
from tests.web.test_web_status import publish
from vms.clock import now_utc
from vms.rules.terms import Terms
from vms.status import CameraStatus
from vms.store import catalog, holds
from vms.store.holds import NewHold
from vms.units import us_from_utc
from web.capture_client import CaptureClient
from web.coverage_report import CoverageReport
from web.time_range import TimeRange

MINUTE_US = 60_000_000


def ago(site: Site, **span: float) -> datetime:
    return now_utc(site.clock) - timedelta(**span)


def days(site: Site, start: datetime, end: datetime, **query: Any) -> dict[str, Any]:
    client = site.client("technician")
    answer = client.get("/api/coverage/days", params={"from": start.isoformat(), "to": end.isoformat(), **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(site: Site, start: datetime, end: datetime, camera: str = OPEN) -> list[tuple[int, str, str]]:
    """(seconds, kind, reason) in order."""
    found = days(site, start, end, profile="sub", camera=camera)["cameras"][camera]["stretches"]
    assert found[0]["start_us"] == us_from_utc(start)
    return [((one["end_us"] - one["start_us"]) // 1_000_000, one["kind"], one["reason"]) for one in found]


def gap(site: Site, start: datetime, end: datetime | None, reason: Any = "unreachable") -> None:
    with site.store.transaction() as tx:
        catalog.add_gap(tx, OPEN, "sub", start, end, reason, "no answer")


def test_a_day_is_footage_gaps_with_their_reason_and_nothing_of_the_future(site: Site) -> None:
    site.segment(OPEN, age=timedelta(minutes=10))
    site.segment(OPEN, age=timedelta(minutes=9))
    gap(site, ago(site, minutes=8), ago(site, minutes=5), "stalled")
    gap(site, ago(site, minutes=4), None)
    start, end = ago(site, minutes=12), ago(site, minutes=-60)
    assert told(site, start, end) == [
        (120, "not_installed", ""),
        (120, "recorded", ""),
        (180, "gap", "stalled"),
        (60, "unknown", ""),
        (240, "gap", "unreachable"),
    ]
    camera = days(site, start, end, profile="sub", camera=OPEN)["cameras"][OPEN]
    assert camera["totals"] == {
        "kept_us": 2 * MINUTE_US,
        "kept_pct": 20.0,
        "lost_us": {"stalled": 3 * MINUTE_US, "unknown": MINUTE_US, "unreachable": 4 * MINUTE_US},
        "other_us": {"not_installed": 2 * MINUTE_US},
    }


def test_footage_past_its_retention_is_not_told_as_recorded_unless_held(site: Site) -> None:
    old = timedelta(days=28, seconds=1)
    site.segment(OPEN, age=old)
    site.segment(OPEN, age=timedelta(days=27))
    start = now_utc(site.clock) - old
    rest = "expired", ""
    assert told(site, start, start + timedelta(seconds=90)) == [(90, *rest)]
    hold = NewHold(
        cameras=(OPEN,), start_at=start, end_at=start + timedelta(seconds=10), case_number="PL 12", legal_basis="x",
        requester="ovj", created_by="evidence_officer", review_at=now_utc(site.clock),
    )  # fmt: skip
    with site.store.transaction() as tx:
        holds.create(tx, hold, now_utc(site.clock))
    assert told(site, start, start + timedelta(seconds=90)) == [(60, "recorded", ""), (30, *rest)]


def test_footage_that_a_full_disk_took_early_is_said_to_be(site: Site) -> None:
    early = site.segment(OPEN, age=timedelta(days=2))
    with site.store.transaction() as tx:
        catalog.set_state(tx, early.id, "purged")
    assert told(site, early.start_at, early.end_at) == [(60, "erased_early", "")]


def test_what_is_written_now_counts_while_capture_vouches_for_it(site: Site) -> None:
    site.segment(OPEN, age=timedelta(minutes=2))
    now_us = site.clock.now_us()
    writing = stream_status(writing_since_us=now_us - MINUTE_US)
    publish(site, camera_status(OPEN, sub=writing))
    assert told(site, ago(site, minutes=2), now_utc(site.clock)) == [(60, "recorded", ""), (60, "recording", "")]
    site.clock.advance(6)
    assert told(site, ago(site, seconds=126), now_utc(site.clock)) == [(60, "recorded", ""), (66, "unknown", "")]
    stopped = stream_status(writing_since_us=now_us, recording="fault", recording_reason="disk")
    publish(site, camera_status(OPEN, sub=stopped))
    assert told(site, ago(site, seconds=66), now_utc(site.clock)) == [(66, "unknown", "")]
    behind = stream_status(writing_since_us=now_us, recording="fault", recording_reason="overflow")
    publish(site, camera_status(OPEN, sub=behind))
    assert told(site, ago(site, seconds=6), now_utc(site.clock)) == [(6, "recording", "")]


def test_a_segment_that_is_catalogued_while_somebody_asks_is_not_missed(site: Site) -> None:
    now = now_utc(site.clock)

    class Capture:
        """Its status says that the segment of this minute is in the catalog, where it came a moment ago."""

        def status(self, camera_id: str) -> CameraStatus:
            site.segment(OPEN, age=timedelta(minutes=1))
            return camera_status(camera_id, sub=stream_status(writing_since_us=us_from_utc(now)))

    report = CoverageReport(site.store, site.clock, cast(CaptureClient, Capture()), Terms(28))
    span = TimeRange(now - timedelta(minutes=1), now)
    assert [one.kind for one in report.of([OPEN], "sub", span)[OPEN]] == ["recorded"]


def test_all_cameras_are_told_of_at_once_and_streams_apart(site: Site) -> None:
    site.segment(OPEN, age=timedelta(minutes=5), profile="sub")
    main = days(site, ago(site, minutes=10), now_utc(site.clock))
    assert set(main["cameras"]) == {camera.id for camera in site.config.cameras}
    assert [one["kind"] for one in main["cameras"][OPEN]["stretches"]] == ["not_installed"]
    sub = days(site, ago(site, minutes=10), now_utc(site.clock), profile="sub")
    assert [one["kind"] for one in sub["cameras"][OPEN]["stretches"]] == ["not_installed", "recorded", "unknown"]


def test_police_get_the_same_account_beside_the_footage_and_gaps_end_now(site: Site) -> None:
    site.segment(OPEN, age=timedelta(minutes=10))
    gap(site, ago(site, minutes=9), None, "disk")
    gap(site, ago(site, minutes=-5), ago(site, minutes=-4), "restart")
    client = site.client("police_reviewer")
    client.headers["X-Consultation"] = str(site.consultation(client))
    query = {"camera": OPEN, "from": ago(site, minutes=10).isoformat(), "to": ago(site, minutes=-30).isoformat()}
    answer = client.get("/api/coverage", params=query).json()
    assert [(one["kind"], one["reason"]) for one in answer["stretches"]] == [("recorded", ""), ("gap", "disk")]
    [only] = answer["gaps"]
    assert (only["end_us"], only["open"]) == (site.clock.now_us(), True)
    assert answer["stretches"][-1]["end_us"] == site.clock.now_us()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"hours": 25}, 200),
        ({"hours": 26}, 422),
        ({"hours": 1, "camera": "nowhere"}, 404),
        ({"hours": 1, "profile": "tile"}, 422),
        ({"hours": 1, "camera": [MASKED] * 201}, 422),
    ],
)
def test_what_may_be_asked(steady_site: Site, query: dict[str, Any], status: int) -> None:
    start = ago(steady_site, hours=query.pop("hours"))
    params = {"from": start.isoformat(), "to": now_utc(steady_site.clock).isoformat(), **query}
    assert steady_site.client("technician").get("/api/coverage/days", params=params).status_code == status


def test_who_may_not_see_states_gets_no_account_and_nobody_gets_footage_by_it(steady_site: Site) -> None:
    params = {"from": ago(steady_site, hours=1).isoformat(), "to": now_utc(steady_site.clock).isoformat()}
    assert steady_site.client("policy_officer").get("/api/coverage/days", params=params).status_code == 403
    assert steady_site.client().get("/api/coverage/days", params=params).status_code == 401
    assert "/api/media" not in steady_site.client("technician").get("/api/coverage/days", params=params).text
