"""Surroundings that a camera has, but that cannot be read: nothing vouches for its pictures, so nothing is shown."""

from pathlib import Path

import pytest
from test_picture_witness import stands, watch
from witnessed_street import surroundings

from vms.reference_file import reference_path, write_reference
from vms.rules.placements import Placement
from web.live.references import ReferenceBook

HUNG = Placement("mast 4, 6 m", 52.0, 4.5)


@pytest.fixture
def book(tmp_path: Path) -> ReferenceBook:
    (tmp_path / "keys").mkdir()
    known = surroundings()
    known.placement = HUNG
    write_reference(tmp_path, tmp_path / "site.key", "markt-01", known.content())
    return book_of(tmp_path, HUNG)


def book_of(directory: Path, placed: Placement) -> ReferenceBook:
    return ReferenceBook(directory, directory / "site.key", {"markt-01": placed}, must_be_placed=True)


def test_a_camera_is_judged_by_its_own_surroundings(book: ReferenceBook) -> None:
    assert set(watch(book.witness("markt-01"), stands, stands, 0.4)) == {"agrees"}


@pytest.mark.parametrize("sealed", [b"nothing", b"head\nsealed by nobody"])
def test_what_cannot_be_read_blanks_the_picture(book: ReferenceBook, tmp_path: Path, sealed: bytes) -> None:
    reference_path(tmp_path, "markt-01").write_bytes(sealed)
    assert set(watch(book.witness("markt-01"), stands, stands, 0.4)) == {"picture-unplaced"}


def test_surroundings_without_their_site_key_blank_the_picture(book: ReferenceBook, tmp_path: Path) -> None:
    (tmp_path / "site.key").unlink()
    assert set(watch(book.witness("markt-01"), stands, stands, 0.4)) == {"picture-unplaced"}


@pytest.mark.parametrize("moved", [Placement("gevel 12", 52.0, 4.5), Placement("mast 4, 6 m", 52.1, 4.5)])
def test_surroundings_of_another_placement_blank_the_picture(
    book: ReferenceBook, tmp_path: Path, moved: Placement
) -> None:
    assert set(watch(book_of(tmp_path, moved).witness("markt-01"), stands, stands, 0.4)) == {"picture-unplaced"}


def test_a_move_while_running_blanks_the_picture_from_the_next_line_on_and_undone_shows_it_again(
    book: ReferenceBook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hangs = {"markt-01": HUNG}
    book = ReferenceBook(tmp_path, tmp_path / "site.key", hangs, must_be_placed=True)
    for placed, expected in (
        (HUNG, "agrees"),
        (Placement("gevel 12", 52.0, 4.5), "picture-unplaced"),
        (Placement("gevel 12", 52.0, 4.5), "picture-unplaced"),
        (HUNG, "agrees"),
    ):
        hangs["markt-01"] = placed
        assert set(watch(book.witness("markt-01"), stands, stands, 0.4)) == {expected}
    assert [record.getMessage() for record in caplog.records] == ["reference_of_another_placement"]


def test_surroundings_that_do_not_say_where_the_camera_hung_still_count(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    known = surroundings()
    known.placement = None
    write_reference(tmp_path, tmp_path / "site.key", "markt-01", known.content())
    assert set(watch(book_of(tmp_path, HUNG).witness("markt-01"), stands, stands, 0.4)) == {"agrees"}


def test_a_camera_that_was_never_calibrated_is_followed_without_them(book: ReferenceBook) -> None:
    assert set(watch(book.witness("markt-02"), stands, stands, 0.4)) == {"agrees"}
