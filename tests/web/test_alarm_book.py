"""Alarms outlive the web process, and neither wait for a database nor repeat themselves after a start."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import T0_US, FakeClock
from tests.sqlite import migrated_sqlite
from tests.web.served_site import OPEN, Site, camera_status, eventually, stream_status
from tests.web.test_web_status import page, publish, quick_looks, read  # noqa: F401 – a fixture
from vms.errors import StoreBusy
from vms.status import VolumeStatus
from vms.store import Store
from web.alarm_book import REMEMBERED, AlarmBook
from web.alarms import Alarm

LOST = Alarm("markt-01", "camera_lost", "Geen beeld", "No picture")
BACK = Alarm("markt-01", "camera_back", "Beeld is terug", "Picture is back")
FULL = Alarm("", "volume_fault", "Schijf media-1: vol", "Volume media-1: full")
FINE = Alarm("", "volume_back", "Schijf media-1 is weer in orde", "Volume media-1 is fine again")


class Desk:
    """One database and clock; a book per start of the web process."""

    def __init__(self, path: Path) -> None:
        self.store = Store(migrated_sqlite(path / "u.db"))
        self.clock = FakeClock()
        self.told: list[Any] = []

    def start(self) -> AlarmBook:
        book = AlarmBook(self.store, self.clock, self.told.append)
        run(book.keep())
        return book


def run(work: Coroutine[Any, Any, None]) -> None:
    """In a thread: after a browser test the main one has a loop already."""
    thread = threading.Thread(target=lambda: asyncio.run(work))
    thread.start()
    thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_restart_forgets_no_alarm_and_no_acknowledgement(desk: Desk) -> None:
    before = desk.start()
    before.raise_alarm(LOST)
    before.raise_alarm(FULL)
    run(before.keep())
    before.acknowledge(before.recent()[0]["id"], "Jan de Wit")
    run(before.keep())
    after = desk.start()
    assert after.recent() == before.recent()
    assert [alarm["acknowledged_by"] for alarm in after.recent()] == ["Jan de Wit", ""]
    after.raise_alarm(BACK)
    assert after.recent()[-1]["id"] == before.recent()[-1]["id"] + 1


def test_an_alarm_is_told_while_the_database_is_busy_and_kept_when_it_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise StoreBusy("locked")

    book = desk.start()
    with monkeypatch.context() as patched:
        patched.setattr("vms.store.alarms.save", busy)
        book.raise_alarm(LOST)
        run(book.keep())
        book.acknowledge(desk.told[0]["id"], "Jan de Wit")
    assert [event["acknowledged_by"] for event in desk.told] == ["", "Jan de Wit"]
    assert desk.start().recent() == []
    run(book.keep())
    assert [alarm["acknowledged_by"] for alarm in desk.start().recent()] == ["Jan de Wit"]


def test_what_could_not_be_read_at_the_start_is_told_to_the_pages_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.start()
    first.raise_alarm(LOST)
    run(first.keep())

    def busy(*_: object) -> None:
        raise StoreBusy("away")

    desk.clock.advance(1)
    with monkeypatch.context() as patched:
        patched.setattr("vms.store.alarms.newest", busy)
        book = desk.start()
    book.raise_alarm(FULL)
    run(book.keep())
    assert [alarm["code"] for alarm in desk.told[-1]["alarms"]] == ["camera_lost", "volume_fault"]


def test_the_oldest_make_way_on_the_pages(desk: Desk) -> None:
    book = desk.start()
    for number in range(REMEMBERED + 3):
        book.raise_alarm(replace(LOST, detail=str(number)))
    assert [alarm["detail"] for alarm in book.recent()] == [str(number) for number in range(3, REMEMBERED + 3)]
    assert book.find(book.recent()[0]["id"] - 1) is None


def test_what_was_told_and_not_taken_back_within_a_day_still_stands(desk: Desk) -> None:
    book = desk.start()
    assert not book.stands(FULL)
    book.raise_alarm(FULL)
    assert book.stands(FULL)
    assert not book.stands(replace(FULL, text_nl="Schijf media-2: vol"))
    book.raise_alarm(FINE)
    assert not book.stands(FULL)
    book.raise_alarm(FULL)
    desk.clock.advance(25 * 3600)
    assert not book.stands(FULL)


def test_a_camera_is_lost_until_its_return_is_told(desk: Desk) -> None:
    book = desk.start()
    book.raise_alarm(LOST)
    assert book.lost_cameras() == {"markt-01"}
    book.raise_alarm(BACK)
    assert book.lost_cameras() == set()


def test_the_queue_is_the_same_after_a_restart_of_web_and_goes_on_from_there(
    quick_looks: None,  # noqa: F811
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.background._SETTLING_LOOKS", 10_000)
    failing = VolumeStatus("capture-0", str(site.volume), T0_US, "failing", "write: Input/output error")
    lost = camera_status(OPEN, main=stream_status(state="unreachable"))

    def alarms() -> list[dict[str, Any]]:
        site.capture.publisher.offer(failing)
        return list(site.client("technician").get("/api/alarms").json()["alarms"])

    def codes() -> list[str]:
        return [alarm["code"] for alarm in alarms()]

    publish(site, camera_status(OPEN))
    eventually(lambda: codes() == ["volume_fault"])
    publish(site, lost)
    eventually(lambda: codes() == ["volume_fault", "camera_lost"])
    site.client("technician").post(f"/api/alarms/{alarms()[0]['id']}/acknowledge")
    before = alarms()
    assert [alarm["acknowledged_by"] != "" for alarm in before] == [True, False]
    site.stop_web()
    site.start_web()
    assert alarms() == before
    with page(site, site.browser("observer")) as socket:
        assert read(socket, "alarms")["alarms"] == before
    publish(site, lost)
    eventually(lambda: site.app.state.services.board.disks()[0]["fault"] == "volume_failing" or not alarms())
    publish(site, camera_status(OPEN))
    eventually(lambda: codes() == ["volume_fault", "camera_lost", "camera_back"])
