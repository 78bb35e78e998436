from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from vms.rules.mask_governance import (
    MaskStep,
    StepKind,
    compared,
    compared_with,
    may_decide,
    may_propose,
    period_of,
    state_of,
)
from vms.rules.masks import LensCalibration, Mask, MaskSet, in_force

START = datetime(2026, 11, 1, tzinfo=UTC)
BOX = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def version(number: int, from_day: float = 0, *, approver: str | None = "b", **changes: Any) -> MaskSet:
    return MaskSet("c", number, None, (), "a", approver, day(from_day), **changes)


def step(number: int, kind: StepKind, at_day: float = 0) -> MaskStep:
    return MaskStep(number, kind, "a", day(at_day), "")


@pytest.mark.parametrize("days", [*permutations((0, 4, 8)), (0, 0, 0), (4, 4, 0), (0, 8, 8), (8, 0, 0)])
def test_the_periods_of_all_versions_say_what_was_in_force_at_every_moment(days: tuple[int, ...]) -> None:
    sets = [version(number, from_day) for number, from_day in enumerate(days, 1)]
    sets.append(version(4, 2, approver=None))
    for tenth in range(-10, 120):
        at = day(tenth / 10)
        counting = [
            s.version
            for s in sets
            if (period := period_of(sets, s)) and period.start <= at and (period.end is None or at < period.end)
        ]
        found = in_force(sets, at)
        assert counting == ([found.version] if found else [])


def test_a_version_is_planned_then_active_then_replaced_or_ended() -> None:
    first, second, closing = version(1, 1), version(2, 5), version(3, 9, closes="withdrawn")
    sets = [second, closing, first]
    states = {at: [state_of(sets, [], s, day(at)) for s in (first, second, closing)] for at in (0, 1, 5, 9)}
    assert states == {
        0: ["planned", "planned", "planned"],
        1: ["active", "planned", "planned"],
        5: ["replaced", "active", "planned"],
        9: ["replaced", "ended", "active"],
    }


def test_a_version_that_is_overtaken_before_it_starts_never_counts() -> None:
    sets = [version(1, 5), version(2, 3)]
    assert period_of(sets, sets[0]) is None
    assert state_of(sets, [], sets[0], day(9)) == "replaced"


def test_a_draft_goes_from_proposed_to_one_end() -> None:
    draft = version(1, approver=None)
    assert state_of([draft], [], draft, START) == "draft"
    assert state_of([draft], [step(1, "proposed")], draft, START) == "proposed"
    for end in ("rejected", "retracted"):
        steps = [step(1, end, 2), step(1, "proposed", 1), step(2, "proposed", 3)]
        assert state_of([draft], steps, draft, START) == end
    adopted = [draft, version(2, approves=1)]
    assert state_of(adopted, [step(1, "proposed")], draft, START) == "adopted"


def test_only_a_proposal_is_decided_by_another_person_where_the_camera_still_hangs() -> None:
    assert may_decide("proposed", "a", "b", moved=False) is None
    assert may_decide("draft", "a", "b", moved=False) == "not_proposed"
    assert may_decide("adopted", "a", "b", moved=False) == "not_proposed"
    assert may_decide("proposed", "J.DeVries", " j.devries ", moved=False) == "second_person"
    assert may_decide("proposed", "a", "b", moved=True) == "moved"
    assert may_propose("draft") is None
    assert {may_propose("proposed"), may_propose("rejected"), may_propose("active")} == {"not_a_draft"}


def test_versions_are_compared_by_name_and_place() -> None:
    moved_box = tuple((x + 0.1, y) for x, y in BOX)
    before = version(1)
    old = MaskSet("c", 1, None, (Mask("1", "image", BOX), Mask("2", "image", BOX)), "a", "b", START)
    lens = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (1.0, 3.0)))
    new = MaskSet("c", 2, lens, (Mask("2", "image", moved_box), Mask("3", "image", BOX)), "a", None, START)
    found = compared(new, old)
    assert (found.added, found.removed, found.moved, found.lens) == (("3",), ("1",), ("2",), True)
    assert compared(old, old).is_empty
    assert compared(before, None).is_empty
    assert compared(new, None).lens is False


def test_a_draft_is_compared_with_what_counts_now_and_a_version_with_its_predecessor() -> None:
    sets = [version(1, 0), version(2, 5), version(3, 0, approver=None)]
    assert compared_with(sets, sets[2], day(7)) is sets[1]
    assert compared_with(sets, sets[1], day(7)) is sets[0]
    assert compared_with(sets, sets[0], day(7)) is None
