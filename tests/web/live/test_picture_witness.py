"""The simulated street filmed by a camera whose status is late, frozen, lying or wrong by a knocked pole."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from witnessed_street import picture, surroundings

from vms.rules.pose_at import PoseEstimate
from vms.rules.ptz_geometry import ViewDeg, apart_deg
from vms.rules.witness import Contradicts, Late, Shows, Verdict
from web.live.picture_witness import PictureWitness
from web.live.reference import Placed, Reference
from web.live.registration import Grey

STEP_S = 0.08
HOME = ViewDeg(0.0, -8.0, 60.0)

Path = Callable[[float], float]
"""Pan in degrees at a time in seconds."""


def stands(at_s: float) -> float:
    del at_s
    return 0.0


def turns(speed_deg_s: float, start_s: float, end_s: float) -> Path:
    return lambda at_s: speed_deg_s * (min(max(at_s, start_s), end_s) - start_s)


def aimed(pan_deg: float) -> ViewDeg:
    return ViewDeg(pan_deg, HOME.tilt_deg, HOME.hfov_deg)


def claim(told: Path, at_s: float) -> PoseEstimate:
    """As `pose_at` has it: unsure by what happened lately while it moves."""
    moving = abs(told(at_s) - told(at_s - STEP_S))
    return PoseEstimate(aimed(told(at_s)), moving / 4, HOME.hfov_deg, HOME.hfov_deg)


def watch(
    witness: PictureWitness, true: Path, told: Path, seconds: float, start_s: float = 0.0, seen: Grey | None = None
) -> list[str]:
    """What became of each picture: agrees, late, or why it was blanked."""
    found = []
    for step in range(round(seconds / STEP_S)):
        at_s = start_s + step * STEP_S
        grey = picture(aimed(true(at_s)), at_s) if seen is None else seen
        verdict = witness.judge(grey, round(at_s * 1e6), claim(told, at_s))
        found.append(verdict.reason if isinstance(verdict, Contradicts) else type(verdict).__name__.lower())
    return found


@pytest.mark.parametrize("known", [True, False])
def test_an_honest_camera_is_never_doubted(known: bool) -> None:
    path = turns(20.0, 0.4, 1.6)
    witness = PictureWitness(surroundings() if known else None)
    assert set(watch(witness, path, path, 2.4)) == {"agrees", "shows"}


@pytest.mark.parametrize(("known", "meanwhile"), [(True, {"agrees", "shows"}), (False, {"agrees", "shows", "late"})])
def test_a_late_status_is_covered_and_recovers_when_the_camera_stops(known: bool, meanwhile: set[str]) -> None:
    true = turns(20.0, 0.4, 1.6)
    seen = watch(PictureWitness(surroundings() if known else None), true, lambda at_s: true(at_s - 0.2), 2.4)
    assert set(seen) == meanwhile
    assert set(seen[24:]) == {"agrees"}


def test_a_turn_too_fast_to_follow_is_painted_where_the_picture_shows_though_the_status_is_late() -> None:
    path = turns(110.0, 1.2, 1.7)
    told = watch(PictureWitness(surroundings()), path, lambda at_s: path(at_s - 0.2), 2.4)
    assert told.count("shows") >= 6
    assert set(told) == {"agrees", "shows"}


def test_a_frozen_status_blanks_while_the_camera_turns_and_after_it_stopped_and_recovers_with_it() -> None:
    true = turns(20.0, 0.4, 1.6)
    witness = PictureWitness(surroundings())
    seen = watch(witness, true, stands, 3.2)
    assert set(seen[:5]) == {"agrees"}
    assert set(seen[14:]) == {"picture-disagrees"}
    assert set(watch(witness, true, true, 0.8, 3.2)[4:]) == {"agrees"}


def test_a_status_that_leaps_while_the_picture_stands_blanks_at_once() -> None:
    seen = watch(PictureWitness(), stands, lambda at_s: 0.0 if at_s < 0.5 else 20.0, 1.6)
    assert set(seen[:6]) == {"agrees"}
    assert set(seen[8:]) == {"picture-disagrees"}


def test_a_pole_knocked_by_two_degrees_is_found_standing() -> None:
    def knocked(at_s: float) -> float:
        return 2.0 if at_s >= 0.5 else 0.0

    seen = watch(PictureWitness(surroundings()), knocked, stands, 2.4)
    assert set(seen[16:]) == {"picture-disagrees"}


@pytest.mark.parametrize("off_deg", [2.0, 20.0])
def test_known_surroundings_tell_a_status_that_was_wrong_before_anybody_watched(off_deg: float) -> None:
    seen = watch(PictureWitness(surroundings()), stands, lambda _: off_deg, 0.8)
    assert set(seen) == {"picture-disagrees"}


def test_a_dark_picture_is_not_shown_before_it_was_recognised_and_only_then_the_status_is_believed() -> None:
    dark = np.zeros((360, 640), np.uint8)
    strict, lenient = PictureWitness(surroundings()), PictureWitness(surroundings(), must_be_placed=False)
    assert set(watch(strict, stands, stands, 0.4, seen=dark)) == {"picture-unplaced"}
    assert set(watch(lenient, stands, stands, 0.4, seen=dark)) == {"agrees"}


def test_a_lens_covered_while_the_status_stands_blanks_until_it_is_free() -> None:
    witness = PictureWitness()
    watch(witness, stands, stands, 0.8)
    dark = np.zeros((360, 640), np.uint8)
    assert set(watch(witness, stands, stands, 0.8, 0.8, dark)) == {"picture-lost"}
    assert set(watch(witness, stands, stands, 0.8, 1.6)) == {"agrees"}


def test_pictures_that_do_not_join_are_a_new_beginning() -> None:
    witness = PictureWitness()
    watch(witness, stands, stands, 0.4)
    assert set(watch(witness, lambda _: 50.0, lambda _: 50.0, 0.4, 30.0)) == {"agrees"}


def test_what_is_too_dim_to_compare_is_not_taken_to_stand_while_the_camera_turns() -> None:
    """Dusk: blocks tell nothing any more, points can still be followed."""
    path, witness = turns(20.0, 0.8, 1.6), PictureWitness(surroundings(), must_be_placed=False)
    off_deg = []
    for step in range(24):
        at_s = step * STEP_S
        dim = (128 + (picture(aimed(path(at_s)), at_s, noisy=False).astype(float) - 128) * 0.1).astype(np.uint8)
        late_s = 0.1 if step % 2 else 0.0
        verdict = witness.judge(dim, round(at_s * 1e6), claim(path, at_s - late_s))
        if isinstance(verdict, Shows | Late):
            off_deg.append(abs(verdict.seen.pan_deg - path(at_s)) - verdict.error_deg)
    assert off_deg
    assert max(off_deg) < 0.3


class Misled(Reference):
    """Surroundings in which every third picture is found too near: paving looks alike in many sizes."""

    def __init__(self) -> None:
        super().__init__([surroundings().points])
        self.asked = 0

    def place(self, grey: Grey, hint: ViewDeg, *, everywhere: bool = False) -> Placed | None:
        self.asked += 1
        found = super().place(grey, hint, everywhere=everywhere)
        if found is None or self.asked % 3:
            return found
        return replace(found, view=replace(found.view, hfov_deg=0.92 * found.view.hfov_deg))


def test_a_placement_that_neither_the_way_nor_the_status_bears_out_is_not_painted_by() -> None:
    path, known = turns(60.0, 0.4, 1.2), Misled()
    witness, seen = PictureWitness(known), []
    for step in range(18):
        at_s = step * STEP_S
        verdict = witness.judge(picture(aimed(path(at_s)), at_s), round(at_s * 1e6), claim(path, at_s))
        seen += [verdict.seen.hfov_deg] if isinstance(verdict, Shows | Late) else []
    assert known.asked > 6
    assert seen
    assert min(seen) > 0.97 * HOME.hfov_deg


class Found(Reference):
    """Surroundings in which every picture is found where `at` says; None: nowhere."""

    def __init__(self, at: Placed | None = None) -> None:
        super().__init__([surroundings().points])
        self.at = at

    def place(self, grey: Grey, hint: ViewDeg, *, everywhere: bool = False) -> Placed | None:
        return self.at


def test_a_status_that_was_believed_for_want_of_better_does_not_bear_itself_out() -> None:
    """The picture was lost on the way, so both settled where the status says; then it is recognised."""
    known = Found()
    witness = PictureWitness(known, must_be_placed=False)
    assert set(watch(witness, stands, lambda _: 15.0, 0.8)) == {"agrees"}
    known.at = Placed(HOME, 0.05, 150)
    assert set(watch(witness, stands, lambda _: 15.0, 2.0, 0.8)[14:]) == {"picture-disagrees"}


CAR_DEG_S = 12.0


def passing_car(known: Found, found: bool) -> list[Verdict]:
    """The camera tilts; a car that fills the picture carries every point along. found: the camera is recognised."""
    witness, seen = PictureWitness(known, must_be_placed=False), []
    watch(witness, stands, stands, 0.8)
    for step in range(6):
        at_s = 0.8 + step * STEP_S
        view = replace(HOME, tilt_deg=HOME.tilt_deg + 0.3 * step)
        known.at = Placed(view, 0.05, 150) if found else None
        carried = replace(view, pan_deg=CAR_DEG_S * step * STEP_S)
        claimed = PoseEstimate(view, 0.6, HOME.hfov_deg, HOME.hfov_deg)
        seen.append(witness.judge(picture(carried, at_s), round(at_s * 1e6), claimed))
    return seen[1:]


def test_a_car_that_fills_the_picture_does_not_carry_the_masks_along() -> None:
    for number, verdict in enumerate(passing_car(Found(Placed(HOME, 0.05, 150)), found=True), start=1):
        assert isinstance(verdict, Shows | Late | Contradicts)
        if isinstance(verdict, Shows):
            assert apart_deg(verdict.seen, replace(HOME, tilt_deg=HOME.tilt_deg + 0.3 * number)) < 0.3


def test_a_car_followed_where_nothing_is_recognised_leaves_the_masks_where_the_status_says_too() -> None:
    verdicts = passing_car(Found(Placed(HOME, 0.05, 150)), found=False)
    assert all(isinstance(verdict, Late | Contradicts) for verdict in verdicts)


@pytest.mark.parametrize(
    ("speed_deg_s", "told_off_deg", "said"), [(0.0, 0.0, "shows"), (20.0, 0.0, "shows"), (20.0, 1.3, "picture-lost")]
)
def test_a_neighbour_that_looks_alike_is_not_believed_because_the_status_is_vague(
    speed_deg_s: float, told_off_deg: float, said: str
) -> None:
    """Recognised one window on: what is by far nearer to the status counts, and nothing where it is between."""
    known, path = Found(Placed(HOME, 0.05, 150)), turns(speed_deg_s, 0.8, 9.0)
    witness = PictureWitness(known)
    watch(witness, stands, stands, 0.8)
    found = []
    for step in range(1, 14):
        at_s = 0.8 + step * STEP_S
        known.at = Placed(aimed(path(at_s) + (2.6 if 3 <= step <= 7 else 0.0)), 0.05, 150)
        vague = PoseEstimate(aimed(path(at_s) + told_off_deg), 3.0, HOME.hfov_deg, HOME.hfov_deg)
        verdict = witness.judge(picture(aimed(path(at_s)), at_s), round(at_s * 1e6), vague)
        found.append(verdict.reason if isinstance(verdict, Contradicts) else type(verdict).__name__.lower())
        if isinstance(verdict, Shows):
            assert apart_deg(verdict.seen, aimed(path(at_s))) < 0.5
    assert said in found[2:7]
    assert set(found) <= {"shows", said}
    assert found[-1] == "shows"


def test_a_picture_recognised_too_vaguely_is_not_recognised() -> None:
    witness = PictureWitness(Found(Placed(HOME, 1.6, 30)))
    assert set(watch(witness, stands, stands, 0.8)) == {"picture-unplaced"}
