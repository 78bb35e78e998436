"""Looking back: only with a purpose, only by those who may, masked, with its gaps, and never past 28 days."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser

from e2e.browser import Watched, log_in, new_context
from e2e.outage import Outage
from e2e.pictures import assert_no_leak, bare_windows, clock_us, decoded, is_blank
from e2e.product import Product
from e2e.waiting import wait_for
from vms.clock import SystemClock
from vms.units import US_PER_SECOND

REFERENCE = "BVH 2026-118822"
TWO_SEGMENTS_US = 25 * US_PER_SECOND


@pytest.fixture(scope="module")
def police(product: Product) -> Iterator[httpx.Client]:
    with product.client("police_reviewer") as client:
        yield client


@pytest.fixture(scope="module")
def consultation(police: httpx.Client) -> int:
    answer = police.post("/api/consultations", json={"purpose": "opsporing", "reference": REFERENCE})
    assert answer.status_code == 201
    return int(answer.json()["id"])


def coverage(client: httpx.Client, consultation: int, camera: str, profile: str = "sub") -> dict[str, Any]:
    """Of the last ten minutes."""
    to_us = SystemClock().now_us()
    query = {"camera": camera, "from_us": to_us - 600 * US_PER_SECOND, "to_us": to_us, "profile": profile}
    answer = client.get("/api/coverage", params=query | {"consultation": consultation})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def recorded(police: httpx.Client, consultation: int, outage: Outage) -> dict[str, Any]:
    """Coverage of the camera that was dark for a while, with footage on both sides of it in both profiles."""

    def complete() -> dict[str, Any] | None:
        found = [coverage(police, consultation, outage.camera, profile) for profile in ("main", "sub")]
        whole = all(
            any(s["start_us"] < outage.started_us for s in each["segments"])
            and any(s["start_us"] > outage.ended_us for s in each["segments"])
            for each in found
        )
        return found[-1] if whole else None

    return wait_for(complete, "footage before and after the outage", timeout_s=90) or {}


@pytest.fixture
def reviewer(product: Product, browser: Browser) -> Iterator[Watched]:
    context = new_context(browser)
    watched = log_in(context, product, "police_reviewer", "/terugkijken")
    yield watched
    found = watched.unexcused()
    context.close()
    assert found == []


def give_purpose(reviewer: Watched) -> None:
    reviewer.page.select_option("#purpose", "opsporing")
    reviewer.page.fill("#reference", REFERENCE)
    reviewer.page.click("form.purpose button.primary")
    reviewer.page.wait_for_selector("form.query")


def search(reviewer: Watched, camera: str, from_us: int, to_us: int) -> None:
    """Fill in camera, day and times, in Dutch time, and search."""
    page = reviewer.page
    start, end = (datetime.fromtimestamp(us / 1e6, ZoneInfo("Europe/Amsterdam")) for us in (from_us, to_us))
    page.select_option("#camera", camera)
    page.fill("#day", f"{start:%Y-%m-%d}")
    page.fill("#from", f"{start:%H:%M:%S}")
    page.fill("#to", f"{end:%H:%M:%S}")
    page.click("form.query button.primary")


def playing(reviewer: Watched) -> float:
    script = "video => video.readyState >= 2 && !video.paused ? video.currentTime : 0"
    return float(reviewer.page.locator(".screen video").evaluate(script))


NOTE_WHAT_IS_SAID = """page => {
  const say = page.say.bind(page);
  page.said = [];
  page.say = (text, ...rest) => { page.said.push(text); say(text, ...rest); };
}"""


def state_of_player(reviewer: Watched) -> str:
    script = """page => {
      const { video, nowUs, segments, _buffer: { buffered }, _loading, _whole } = page.player;
      return JSON.stringify({
        nowUs, seeking: video.seeking, ready: video.readyState, paused: video.paused, at_s: video.currentTime,
        ranges: [...Array(buffered.length).keys()].map((i) => [buffered.start(i), buffered.end(i)]),
        loading: _loading && [_loading.segment.id, _loading.fromUs], whole: [..._whole], said: page.said,
        segments: segments.map(({ id, start_us, end_us }) => [id, start_us, end_us]),
      });
    }"""
    return str(reviewer.page.locator("vms-playback").evaluate(script))


def test_without_purpose_and_number_there_is_no_picture(
    product: Product, reviewer: Watched, police: httpx.Client, recorded: dict[str, Any]
) -> None:
    page = reviewer.page
    page.click("form.purpose button.primary")
    assert page.inner_text("#purpose-error") != ""
    assert page.inner_text("#reference-error") != ""
    assert page.locator("video").count() == 0
    assert reviewer.count("POST", "/api/consultations") == 0
    for path in (
        f"/api/media/{recorded['segments'][0]['id']}",
        f"/api/coverage?camera={recorded['camera']}&from_us=1&to_us=2",
    ):
        answer = police.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "consultation_required")


def test_recorded_footage_plays_masked_with_the_clock_of_that_moment(
    product: Product, reviewer: Watched, recorded: dict[str, Any], outage: Outage
) -> None:
    give_purpose(reviewer)
    first = recorded["segments"][0]
    search(reviewer, outage.camera, first["start_us"], recorded["to_us"])
    began_s = wait_for(lambda: playing(reviewer), "it plays", timeout_s=60)
    wait_for(lambda: playing(reviewer) > began_s + 1, "it goes on playing", timeout_s=60)
    for _ in range(5):
        shot = reviewer.grab(".screen video")
        taken_us = clock_us(shot.picture)
        assert taken_us is not None
        assert first["start_us"] - US_PER_SECOND < taken_us < recorded["to_us"]
        assert_no_leak(shot.picture)
        bare, windows = bare_windows(shot.picture, product.street, product.truth(outage.camera, taken_us))
        assert (bare, windows > 0) == (0, True)
        assert not is_blank(shot.picture)


def test_a_moment_that_is_asked_for_is_the_moment_that_is_shown(
    reviewer: Watched, recorded: dict[str, Any], outage: Outage
) -> None:
    """The address holds camera, period and moment; the burned-in clock says which moment came."""
    give_purpose(reviewer)
    segment = next(s for s in recorded["segments"] if s["start_us"] > outage.ended_us)
    moment_us = (segment["start_us"] + segment["end_us"]) // 2
    query = f"camera={outage.camera}&van={segment['start_us'] - 5_000_000}&tot={recorded['to_us']}&op={moment_us}"
    reviewer.page.goto(f"{reviewer.base}/terugkijken?{query}")
    video = reviewer.page.locator(".screen video")
    wait_for(lambda: playing(reviewer), "it plays", timeout_s=60)
    video.evaluate("video => video.pause()")
    reviewer.page.locator("vms-playback").evaluate("(page, us) => page.seek(us)", moment_us)
    wait_for(lambda: video.evaluate("video => !video.seeking && video.readyState >= 2"), "the moment", timeout_s=60)

    off_s: list[float] = []

    def is_that_moment() -> bool:
        shown_us = clock_us(reviewer.grab(".screen video").picture)
        off_s.append(round(((shown_us or 0) - moment_us) / 1e6, 2))
        return abs(off_s[-1]) < 1.0

    wait_for(is_that_moment, f"the picture of that moment; it was off by {off_s} s")


def test_an_outage_is_shown_as_a_gap_and_jumped_over(
    reviewer: Watched, recorded: dict[str, Any], outage: Outage
) -> None:
    gaps = [g for g in recorded["gaps"] if g["start_us"] < outage.ended_us and g["end_us"] > outage.started_us]
    assert gaps
    assert {gap["reason"] for gap in gaps} <= {"unreachable", "stalled"}
    in_gap = [
        s
        for s in recorded["segments"]
        if s["start_us"] < outage.ended_us and s["end_us"] > outage.started_us + 3_000_000
    ]
    assert in_gap == []
    give_purpose(reviewer)
    last_before = [s for s in recorded["segments"] if s["start_us"] < outage.started_us][-1]
    search(reviewer, outage.camera, last_before["start_us"], recorded["to_us"])
    wait_for(lambda: playing(reviewer), "it plays", timeout_s=60)
    page = reviewer.page.locator("vms-playback")
    page.evaluate(NOTE_WHAT_IS_SAID)
    page.evaluate("(page, us) => page.seek(us)", last_before["end_us"] - 1_500_000)
    try:
        said = wait_for(
            lambda: next((text for text in page.evaluate("page => page.said") if "Geen opname van" in text), ""),
            "that something was skipped",
            timeout_s=60,
        )
    except AssertionError as error:
        raise AssertionError(f"{error}; {outage} {state_of_player(reviewer)}") from error
    assert "overgeslagen" in said
    wait_for(
        lambda: (clock_us(reviewer.grab(".screen video").picture) or 0) > outage.ended_us,
        "the picture behind the gap",
        timeout_s=60,
    )
    reviewer.page.locator(".foot summary").click()
    lines = reviewer.page.locator(".foot li").all_inner_texts()
    assert any("geen opname" in line.lower() for line in lines), lines


def test_a_download_is_masked_and_is_the_file_whose_hash_is_shown(
    product: Product, reviewer: Watched, recorded: dict[str, Any], outage: Outage, tmp_path: Path
) -> None:
    page = reviewer.page
    give_purpose(reviewer)
    first = recorded["segments"][0]
    search(reviewer, outage.camera, first["start_us"], recorded["to_us"])
    began_s = wait_for(lambda: playing(reviewer), "it plays", timeout_s=60)
    mark_in, mark_out = page.locator("section.export button").all()[:2]
    mark_in.click()
    wait_for(lambda: playing(reviewer) > began_s + 3, "some seconds", timeout_s=60)
    mark_out.click()
    page.click("#export")
    page.wait_for_selector("#export-file", timeout=90_000)
    shown = page.inner_text(".hash code")
    with page.expect_download() as download:
        page.click("#export-file")
    file = tmp_path / "fragment.mp4"
    download.value.save_as(file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == shown
    pictures = decoded(str(file), 1000)
    shown_us = [clock_us(picture) or 0 for picture in pictures]
    assert shown_us[-1] - shown_us[0] > 2 * US_PER_SECOND
    for picture in pictures[::5]:
        assert_no_leak(picture)
        taken_us = clock_us(picture)
        assert taken_us is not None
        bare, windows = bare_windows(picture, product.street, product.truth(outage.camera, taken_us))
        assert (bare, windows > 0) == (0, True)


def test_an_observer_cannot_look_back(
    product: Product, browser: Browser, consultation: int, recorded: dict[str, Any]
) -> None:
    with product.client("observer") as observer:
        assert observer.get("/terugkijken").status_code == 403
        segment = recorded["segments"][0]["id"]
        query = f"camera={recorded['camera']}&from_us={recorded['from_us']}&to_us={recorded['to_us']}"
        for path in (
            f"/api/media/{segment}",
            f"/api/media/{segment}?consultation={consultation}",
            f"/api/coverage?{query}&consultation={consultation}",
        ):
            assert observer.get(path).status_code == 403, path
        purpose = {"purpose": "opsporing", "reference": REFERENCE}
        assert observer.post("/api/consultations", json=purpose).status_code == 403
        wish = {"camera": recorded["camera"], "from": "2026-11-01T00:00:00Z", "to": "2026-11-01T00:01:00Z"}
        assert observer.post("/api/exports", json=wish | {"consultation": consultation}).status_code == 403


def test_after_28_days_footage_is_gone_for_people_at_once_and_from_disk_with_the_purge(
    product: Product, police: httpx.Client, consultation: int
) -> None:
    old = product.old
    volume = product.config.volumes[0].path
    file = volume / old.path
    assert file.exists()
    address = f"/api/media/{old.id}?consultation={consultation}"
    # Young enough still, or just too old: nothing else is an answer.
    first = police.get(address)
    assert first.status_code in (200, 410)
    if first.status_code == 200:
        assert first.content[4:8] in (b"ftyp", b"styp")
    wait_for(lambda: police.get(address).status_code == 410, "28 days have passed", timeout_s=120, pause_s=1)
    assert file.exists(), "it is invisible before it is erased"
    run = product.vms("retention", "run")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not file.exists()
    assert police.get(address).status_code == 410
    proof = product.vms("retention", "verify")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "PROOF FAILS" not in proof.stdout
