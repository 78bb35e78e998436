"""What is made of a picture that bears out the camera's status, or does not. Scripted sightings, no pictures."""

from vms.rules.pose_at import PoseEstimate
from vms.rules.ptz_geometry import ViewDeg
from vms.rules.witness import LATE_US, Agrees, Contradicts, Hearing, Late, Motion, Shows, Sighting, Verdict

STEP_US = 80_000


def view(pan_deg: float, hfov_deg: float = 60.0) -> ViewDeg:
    return ViewDeg(pan_deg, -8.0, hfov_deg)


def claim(pan_deg: float, growth_deg: float = 0.0, hfov_deg: float = 60.0) -> PoseEstimate:
    return PoseEstimate(view(pan_deg, hfov_deg), growth_deg, hfov_deg, hfov_deg)


class Court:
    """Hears one picture after another."""

    def __init__(self, *, must_be_placed: bool = False) -> None:
        self.hearing = Hearing(must_be_placed=must_be_placed)
        self.at_us = 0

    def hears(
        self,
        seen_deg: float | None,
        claimed: PoseEstimate,
        motion: Motion = "still",
        *,
        hfov_deg: float = 60.0,
        error_deg: float = 0.1,
        placed: bool = False,
        vouched: bool = False,
    ) -> Verdict:
        self.at_us += STEP_US
        seen = None if seen_deg is None else view(seen_deg, hfov_deg)
        return self.hearing.hear(Sighting(self.at_us, motion, seen, error_deg, placed, vouched), claimed)


def reason(verdict: Verdict) -> str:
    return verdict.reason if isinstance(verdict, Contradicts) else type(verdict).__name__


def test_a_resting_camera_is_believed_without_larger_masks() -> None:
    court = Court()
    assert [court.hears(0.1, claim(0.0)) for _ in range(3)] == [Agrees(0.0)] * 3


def test_a_small_difference_makes_masks_grow_by_it() -> None:
    assert Court().hears(0.4, claim(0.0)) == Agrees(0.5)


def test_a_zoom_that_is_a_little_off_makes_masks_grow_as_far_as_the_corners_are_off() -> None:
    assert Court().hears(0.0, claim(0.0), hfov_deg=59.0) == Agrees(0.75)


def test_a_turning_camera_is_painted_where_the_picture_says_and_the_status_bears_it_out() -> None:
    court = Court()
    assert court.hears(2.1, claim(1.5, growth_deg=4.0), "turned", vouched=True) == Shows(view(2.1), 0.1)
    assert court.hears(4.0, claim(3.0, growth_deg=2.0), "still", vouched=True) == Shows(view(4.0), 0.1)


def test_what_was_followed_and_nothing_vouches_for_is_covered_at_both_places_unless_they_are_the_same() -> None:
    assert Court().hears(2.1, claim(1.5, growth_deg=4.0), "turned") == Late(view(2.1), 0.1)
    assert Court().hears(1.7, claim(1.5, growth_deg=4.0), "turned") == Shows(view(1.7), 0.1)


def test_a_turning_picture_whose_zoom_is_not_the_claimed_one_makes_masks_grow_by_what_corners_may_be_off() -> None:
    verdict = Court().hears(2.0, claim(0.0, growth_deg=5.0), "turned", hfov_deg=61.8, vouched=True)
    assert isinstance(verdict, Shows)
    assert 0.8 < verdict.error_deg - 0.1 < 1.2


def test_a_status_too_vague_to_bear_anything_out_is_covered_too_unless_known_surroundings_vouch() -> None:
    vague = claim(0.0, growth_deg=12.0)
    assert Court().hears(2.0, vague, "turned") == Late(view(2.0), 0.1)
    assert Court().hears(2.0, vague, "turned", vouched=True) == Shows(view(2.0), 0.1)


def test_a_picture_that_starts_to_move_before_the_status_is_painted_where_it_shows() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    assert court.hears(0.2, claim(0.0), "turned") == Shows(view(0.2), 0.1)


def test_a_status_that_follows_late_is_covered_by_both_and_believed_again_when_it_arrives() -> None:
    court = Court()
    seen = [court.hears(2.4 * step, claim(2.4 * max(0, step - 2)), "turned") for step in range(8)]
    assert [reason(verdict) for verdict in seen] == ["Shows"] + ["Late"] * 7
    late = seen[-1]
    assert isinstance(late, Late)
    assert late.seen == view(2.4 * 7)
    assert court.hears(16.8, claim(16.8)) == Shows(view(16.8), 0.1)
    assert court.hears(16.8, claim(16.8)) == Agrees(0.0)


def test_what_known_surroundings_vouch_for_is_enough_while_the_status_follows_late() -> None:
    court = Court()
    seen = [court.hears(2.4 * step, claim(2.4 * max(0, step - 2)), "turned", vouched=True) for step in range(8)]
    assert seen[-1] == Shows(view(2.4 * 7), 0.1)
    assert reason(court.hears(30.0, claim(-9.0), "turned", vouched=True)) == "picture-disagrees"


def test_a_frozen_status_blanks_within_its_excuse() -> None:
    court = Court()
    reasons = [reason(court.hears(1.0 * step, claim(0.0), "turned")) for step in range(20)]
    assert reasons[0] == "Shows"
    assert set(reasons[10:]) == {"picture-disagrees"}


def test_a_status_that_moves_while_the_picture_stands_blanks_at_once_until_it_is_right_again() -> None:
    court = Court()
    assert reason(court.hears(0.0, claim(0.0))) == "Agrees"
    assert reason(court.hears(0.0, claim(20.0))) == "picture-disagrees"
    assert reason(court.hears(None, claim(30.0, growth_deg=4.0), "lost")) == "picture-lost"
    assert {reason(court.hears(None, claim(30.0))) for _ in range(20)} == {"picture-lost"}
    assert reason(court.hears(30.1, claim(30.0), placed=True)) == "Agrees"


def test_agreement_within_the_doubt_of_a_moving_status_clears_nothing() -> None:
    court = Court()
    court.hears(2.0, claim(0.0), placed=True)
    assert reason(court.hears(12.0, claim(10.0, growth_deg=3.0), "turned")) == "picture-disagrees"


def test_a_zoom_that_the_status_does_not_tell_blanks() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    for _ in range(12):
        verdict = court.hears(0.0, claim(0.0), "turned", hfov_deg=40.0)
    assert reason(verdict) == "picture-disagrees"


def test_a_picture_that_leaps_while_the_status_stands_blanks_until_both_moved_and_stand() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    assert reason(court.hears(None, claim(0.0), "lost")) == "picture-lost"
    assert {reason(court.hears(None, claim(0.0))) for _ in range(20)} == {"picture-lost"}
    for pan_deg in (10.0, 25.0, 40.0):
        assert reason(court.hears(None, claim(pan_deg), "lost")) == "picture-lost"
    reasons = [reason(court.hears(None, claim(40.0))) for _ in range(6)]
    assert (reasons[0], reasons[-1]) == ("picture-lost", "Agrees")


def test_a_status_that_leaps_faster_than_cameras_turn_is_doubted_even_when_nothing_can_be_seen() -> None:
    court = Court()
    court.hears(None, claim(0.0, growth_deg=6.0), "turned")
    assert reason(court.hears(None, claim(9.6, growth_deg=6.0), "turned")) == "Agrees"
    assert reason(court.hears(None, claim(39.2, growth_deg=6.0), "turned")) == "picture-lost"
    assert reason(court.hears(39.2, claim(39.2), placed=True)) == "Agrees"


def test_a_status_frozen_on_the_way_never_settles() -> None:
    court = Court()
    court.hears(None, claim(0.0), "still")
    court.hears(None, claim(0.0), "lost")
    court.hears(None, claim(5.0), "lost")
    for _ in range(10):
        court.hears(None, claim(5.0), "turned")
    assert {reason(court.hears(None, claim(5.0))) for _ in range(20)} == {"picture-lost"}


def test_a_picture_without_testimony_leaves_a_healthy_status_believed() -> None:
    court = Court()
    assert reason(court.hears(None, claim(0.0), "unclear")) == "Agrees"
    assert court.hears(None, claim(0.0), "unclear") == Agrees(0.0)


def test_without_testimony_a_moving_status_may_be_as_late_as_any() -> None:
    court = Court()
    court.hears(None, claim(0.0, growth_deg=2.0), "turned")
    verdict = court.hears(None, claim(0.8, growth_deg=2.0), "turned")
    assert isinstance(verdict, Agrees)
    assert verdict.growth_deg >= 0.8 * LATE_US / STEP_US


def test_a_picture_that_leaps_while_a_late_status_moves_a_little_blanks() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    assert reason(court.hears(None, claim(0.5, growth_deg=2.4), "lost")) == "picture-lost"
    assert reason(court.hears(None, claim(1.5, growth_deg=2.4), "turned")) == "picture-lost"
    assert reason(court.hears(9.0, claim(9.1), placed=True)) == "Shows"


def test_a_status_that_never_paused_between_two_movements_of_the_picture_settles_all_the_same() -> None:
    court = Court()
    pan_deg = 0.0
    for motion in ["turned"] * 4 + ["still"] * 3 + ["turned"] * 8 + ["lost"]:
        pan_deg += 1.0
        court.hears(None if motion == "lost" else pan_deg, claim(pan_deg, growth_deg=2.0), motion)
    reasons = [reason(court.hears(None, claim(pan_deg))) for _ in range(5)]
    assert (reasons[0], reasons[-1]) == ("picture-lost", "Agrees")


def test_a_picture_that_is_found_again_where_a_moving_status_says_is_painted_where_it_shows() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    assert reason(court.hears(None, claim(9.0, growth_deg=2.4), "lost")) == "picture-lost"
    assert court.hears(19.0, claim(18.0, growth_deg=2.4), "turned", placed=True, vouched=True) == Shows(view(19.0), 0.1)
    assert reason(court.hears(21.0, claim(20.0, growth_deg=2.4), "turned", vouched=True)) == "Shows"


def test_a_status_has_arrived_when_it_told_of_every_movement_of_the_picture() -> None:
    court = Court()

    def arrived(seen_deg: float, claimed: PoseEstimate, motion: Motion) -> bool:
        court.hears(seen_deg, claimed, motion)
        return court.hearing.has_arrived(court.at_us)

    assert arrived(0.0, claim(0.0), "still")
    assert not arrived(0.4, claim(0.0), "turned")
    assert not any(arrived(0.4, claim(0.0), "still") for _ in range(6))
    assert not arrived(0.4, claim(0.4), "still")
    assert arrived(0.4, claim(0.4), "still")


def test_known_surroundings_must_be_recognised_before_anything_is_shown() -> None:
    court = Court(must_be_placed=True)
    assert reason(court.hears(None, claim(0.0), "unclear")) == "picture-unplaced"
    assert reason(court.hears(0.0, claim(0.0), placed=True)) == "Agrees"
    lying = Court(must_be_placed=True)
    assert reason(lying.hears(2.0, claim(0.0), placed=True)) == "picture-disagrees"


def test_a_picture_too_dark_to_tell_covers_where_it_was_and_where_the_status_goes() -> None:
    court = Court()
    court.hears(0.0, claim(0.0))
    assert court.hears(0.0, claim(1.5, growth_deg=4.0), "unclear") == Late(view(0.0), 0.1)
