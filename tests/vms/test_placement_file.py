"""Where moved cameras hang, by the file: unknown until it was read once, and known from then on."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import T0_US
from vms.config.model import SiteConfig
from vms.decision_file import DecisionBook, decisions_path, write_register
from vms.errors import StorageError
from vms.placement_file import PlacementBook, placements_path, read_placements, write_placements
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
