"""Where moved cameras hang, by the file: unknown until it was read once, and known from then on."""

from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.fakes import T0_US
from vms.config.model import SiteConfig
from vms.decision_file import DecisionBook, Register, decisions_path, read_register, write_register
from vms.errors import StorageError
from vms.placement_file import PlacementBook, placements_path, read_placements, write_placements
from vms.rules.decisions import Decision, Place, Window
from vms.rules.gating import windows_of_place
from vms.rules.placements import Hanging, Placement

CAMERA = "markt-01"


def decision(number: str, place: str) -> dict[str, Any]:
    return {
        "kind": "deployment",
        "decided_on": ["2026-11-01"],
        "locations": [place],
        "registration_numbers": [number],
        "periods": [{"start": "2026-11-10", "end": "2026-12-31"}],
    }


@pytest.fixture
def config(tmp_path: Path) -> SiteConfig:
    """With decisions for the place that is configured and for another, but nobody wrote yet who was moved."""
    write_register(decisions_path(tmp_path), 1, [(1, decision("77", "Markt")), (2, decision("78", "Haven"))])
    camera = {"id": CAMERA, "number": 1, "name": "Markt", "area": "Markt", "main": "rtsp://127.0.0.1:9/a"}
    return SiteConfig.model_validate(
        {"site": {"data_dir": tmp_path}, "decisions": {"enforce": True}, "cameras": [{**camera, "kind": "flex"}]}
    )


def hang(config: SiteConfig, *areas: str) -> None:
    """Each one a move, the last of which is where it hangs now; none: nobody was moved."""
    moves = [Hanging(id=number, camera_id=CAMERA, placement=Placement(area, None, None), area=area, decision_id=None,
                     start_us=None, author="", reason="") for number, area in enumerate(areas, 1)]  # fmt: skip
    write_placements(placements_path(config.site.data_dir), len(moves), moves[-1:])


def gate(book: DecisionBook) -> tuple[str, str, int]:
    found = book.gate(CAMERA, T0_US)
    return found.state, found.number, found.placement_id


def read(config: SiteConfig) -> DecisionBook:
    book = DecisionBook(config)
    book.refresh()
    return book


def test_nobody_is_known_to_be_unmoved_before_the_file_was_there(config: SiteConfig) -> None:
    book = read(config)
    assert not book.placements.is_known
    assert gate(book)[0] == "unknown"
    with pytest.raises(StorageError):
        read_placements(placements_path(config.site.data_dir))
    hang(config)
    assert book.refresh()
    assert gate(book) == ("open", "77", 0)


@pytest.mark.parametrize("damage", [None, "{", "[]"])
def test_where_a_camera_hung_last_holds_whatever_becomes_of_the_file(config: SiteConfig, damage: str | None) -> None:
    hang(config, "Markt", "Haven")
    book = read(config)
    assert gate(book) == ("open", "78", 2)
    path = placements_path(config.site.data_dir)
    path.unlink()
    if damage is not None:
        path.write_text(damage, encoding="utf-8")
    assert book.refresh() is False
    assert gate(book) == ("open", "78", 2)
    assert gate(read(config))[0] == "unknown"
    hang(config)
    assert book.refresh()
    assert gate(book) == ("open", "77", 0)


def test_a_file_that_is_not_there_is_logged_once(config: SiteConfig, caplog: pytest.LogCaptureFixture) -> None:
    book = PlacementBook(config)
    book.refresh()
    assert [record.getMessage() for record in caplog.records] == ["placements_not_read"]


def test_a_gate_never_mixes_one_place_with_the_number_of_another(
    config: SiteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked at every moment of a refresh: the old place's decision goes with the old number, the new with the new."""
    hang(config, "Markt")
    book, seen = read(config), set()

    def ask_first(register: Path, zone: ZoneInfo) -> Register:
        seen.add(gate(book))
        return read_register(register, zone)

    monkeypatch.setattr("vms.decision_file.read_register", ask_first)
    hang(config, "Markt", "Haven")
    book.refresh()
    assert seen == {("open", "77", 1)}
    assert gate(book) == ("open", "78", 2)


def test_a_move_while_a_gate_is_asked_is_not_remembered_under_the_old_number(config: SiteConfig) -> None:
    hang(config, "Markt")
    book = read(config)

    class MoveFirst:
        """The book's lock, which another thread had just before: it read the move."""

        def __init__(self, lock: Any) -> None:
            self._lock = lock

        def __enter__(self) -> None:
            book._lock = self._lock
            hang(config, "Markt", "Haven")
            book.refresh()
            self._lock.acquire()

        def __exit__(self, *_: object) -> None:
            self._lock.release()

    book._lock = MoveFirst(book._lock)  # type: ignore[assignment]
    assert gate(book) == ("open", "78", 2)
    assert gate(book) == ("open", "78", 2)


def test_two_who_refresh_at_once_leave_the_newest(config: SiteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one read where the camera hung before its move, and must not put that back."""
    hang(config, "Markt")
    book = read(config)
    write_register(
        decisions_path(config.site.data_dir), 2, [(1, decision("77", "Markt")), (2, decision("78", "Haven"))]
    )
    other = Thread(target=book.refresh)

    def slowly(decisions: Sequence[Decision], place: Place, zone: ZoneInfo) -> list[Window]:
        monkeypatch.undo()
        hang(config, "Markt", "Haven")
        other.start()
        other.join(0.2)
        return windows_of_place(decisions, place, zone)

    monkeypatch.setattr("vms.decision_file.windows_of_place", slowly)
    book.refresh()
    other.join()
    assert gate(book) == ("open", "78", 2)
