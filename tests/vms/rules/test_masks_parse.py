from datetime import UTC, datetime
from typing import Any

import pytest

from vms.rules.masks import MaskProblems, MaskSet, in_force, parse_mask_import

LENS = {"pan_range_deg": [-180, 180], "tilt_range_deg": [-90, 20], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}
BOX = [[-31.0, 4.5], [-27.5, 4.5], [-27.5, -2.0], [-31.0, -2.0]]


def document(**changes: Any) -> dict[str, Any]:
    base = {
        "camera": "markt-01",
        "lens": LENS,
        "masks": [{"name": "woning 12", "space": "sphere", "polygon": BOX}],
        "author": "j.devries",
        "approver": "a.bakker",
        "valid_from": "2026-11-01T00:00:00Z",
    }
    return base | changes


def problems_of(**changes: Any) -> list[str]:
    with pytest.raises(MaskProblems) as refused:
        parse_mask_import(document(**changes))
    return refused.value.problems


def mask(polygon: Any, space: str = "sphere", name: str = "woning") -> dict[str, Any]:
    return {"name": name, "space": space, "polygon": polygon}


def test_the_documented_example_is_taken_as_it_is() -> None:
    parsed = parse_mask_import(document())
    assert parsed.camera_id == "markt-01"
    assert parsed.masks[0].polygon[1] == (-27.5, 4.5)
    assert parsed.lens is not None
    assert parsed.lens.hfov_deg_at_zoom == ((0.0, 60.0), (1.0, 3.0))
    assert parsed.valid_from == datetime(2026, 11, 1, tzinfo=UTC)


def test_every_problem_is_named_at_once() -> None:
    found = problems_of(
        camera="",
        author="j.devries",
        approver="J.DeVries ",
        valid_from="2026-11-01T00:00:00",
        extra=1,
        masks=[mask(BOX, space="cube"), mask([[0, 0], [1, 1]])],
    )
    text = "\n".join(found)
    for part in ("camera:", "approver:", "valid_from:", "extra:", "masks[0].space", "masks[1].polygon"):
        assert part in text


@pytest.mark.parametrize(
    ("polygon", "word"),
    [
        ([[0, 0], [12, 10], [12, 0], [0, 6]], "crosses"),
        ([[0, 0], [5, 0], [10, 0]], "area"),
        ([[0, 91], [5, 0], [10, 0]], "tilt"),
        ([[-90, 0], [0, 0], [90, 0], [90, 10], [0, 10], [-90, 10]], "wider"),
        ([[0, 0], [5, float("nan")], [10, 0]], "points"),
        ([[0, 0], [5, True], [10, 0]], "points"),
        ([[0, 0]] * 65, "points"),
    ],
)
def test_a_polygon_without_an_inside_is_refused(polygon: Any, word: str) -> None:
    assert word in problems_of(masks=[mask(polygon)])[0]


def test_a_mask_across_the_seam_takes_the_short_way_round() -> None:
    parsed = parse_mask_import(document(masks=[mask([[175, 0], [-175, 0], [-175, -5], [175, -5]])]))
    assert [pan for pan, _ in parsed.masks[0].polygon] == [175, 185, 185, 175]


@pytest.mark.parametrize(
    "lens",
    [
        LENS | {"hfov_deg_at_zoom": [[0.0, 60.0], [0.5, 12.0]]},
        LENS | {"hfov_deg_at_zoom": [[0.0, 60.0], [0.0, 12.0], [1.0, 3.0]]},
        LENS | {"hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 0.0]]},
        LENS | {"pan_range_deg": [180, -180]},
        {"pan_range_deg": [-180, 180]},
        "lens",
    ],
)
def test_a_lens_that_cannot_place_a_mask_is_refused(lens: Any) -> None:
    assert all(line.startswith("lens") for line in problems_of(lens=lens))


def test_sphere_masks_need_a_lens_and_image_masks_do_not() -> None:
    assert problems_of(lens=None)[0].startswith("lens: is missing")
    image = mask([[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]], space="image")
    assert parse_mask_import(document(lens=None, masks=[image])).lens is None
    assert "0…1" in problems_of(masks=[mask([[0.1, 0.1], [1.5, 0.1], [0.5, 0.5]], space="image")])[0]


@pytest.mark.parametrize("nonsense", [None, [], "x", 3, {}])
def test_what_is_no_mask_set_is_refused_with_words(nonsense: Any) -> None:
    with pytest.raises(MaskProblems):
        parse_mask_import(nonsense)


def test_the_highest_approved_version_that_applies_is_in_force() -> None:
    def version(number: int, day: int, approver: str | None = "b") -> MaskSet:
        return MaskSet("c", number, None, (), "a", approver, datetime(2026, 11, day, tzinfo=UTC))

    sets = [version(3, 20), version(1, 1), version(4, 5, approver=None), version(2, 10)]
    picked = [in_force(sets, datetime(2026, 11, day, tzinfo=UTC)) for day in (1, 9, 10, 25)]
    assert [p.version if p else None for p in picked] == [1, 1, 2, 3]
    assert in_force(sets, datetime(2026, 10, 31, tzinfo=UTC)) is None
