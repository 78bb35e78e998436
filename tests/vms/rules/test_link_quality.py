"""A poor connection gets the small stream after seconds of loss, and the full one back after a calm."""

from collections.abc import Sequence

from vms.rules.link_quality import BAD_FOR_S, CALM_FOR_S, MAX_CALM_S, RELAPSE_S, LinkQuality, after_report

T0_S = 1000.0


def heard(losses: Sequence[float], quality: LinkQuality | None = None, from_s: float = T0_S) -> LinkQuality:
    """A report a second, each saying what was lost since the one before."""
    quality = quality or LinkQuality()
    for second, loss in enumerate(losses):
        quality = after_report(quality, loss, from_s + second)
    return quality


def seconds_until(wanted: bool, loss: float, quality: LinkQuality, from_s: float) -> tuple[float, LinkQuality]:
    """How many steady reports until it is reduced (or not), and what it is then."""
    for second in range(2000):
        quality = after_report(quality, loss, from_s + second)
        if quality.is_reduced == wanted:
            return float(second), quality
    raise AssertionError("never")


def test_loss_that_lasts_steps_down_and_a_burst_does_not() -> None:
    assert not heard([0.0, 1.0, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0]).is_reduced
    assert not heard([0.1] * int(BAD_FOR_S)).is_reduced
    assert heard([0.1] * (int(BAD_FOR_S) + 1)).is_reduced


def test_loss_that_comes_and_goes_within_seconds_counts_as_lasting() -> None:
    assert heard([0.2, 0.01] * 3).is_reduced


def test_loss_that_retransmission_repairs_changes_nothing() -> None:
    assert not heard([0.05] * 600).is_reduced


def test_a_calm_steps_up_and_loss_in_between_starts_it_anew() -> None:
    reduced = heard([0.3] * 5)
    assert heard([0.0] * int(CALM_FOR_S), reduced, T0_S + 5).is_reduced
    assert not heard([0.0] * (int(CALM_FOR_S) + 1), reduced, T0_S + 5).is_reduced
    interrupted = [0.0] * (int(CALM_FOR_S) - 1) + [0.05] + [0.0] * int(CALM_FOR_S)
    assert heard(interrupted, reduced, T0_S + 5).is_reduced


def test_silence_is_no_calm() -> None:
    reduced = heard([0.3] * 5)
    after_one = after_report(reduced, 0.0, T0_S + 6)
    assert after_report(after_one, 0.0, T0_S + 6 + CALM_FOR_S * 2).is_reduced


def test_who_relapses_waits_twice_as_long_up_to_a_bound_and_a_good_hour_forgets_that() -> None:
    at_s, quality, waits = T0_S, LinkQuality(), []
    for _ in range(7):
        down_s, quality = seconds_until(True, 0.2, quality, at_s)
        up_s, quality = seconds_until(False, 0.0, quality, at_s + down_s + 1)
        waits.append(up_s)
        at_s += down_s + up_s + 2
    assert waits == [min(MAX_CALM_S, CALM_FOR_S * 2**n) for n in range(7)]
    _, quality = seconds_until(True, 0.2, quality, at_s + RELAPSE_S)
    assert quality.calm_for_s == CALM_FOR_S
