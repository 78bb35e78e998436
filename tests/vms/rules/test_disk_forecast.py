import pytest

from vms.rules.disk_forecast import SECONDS_PER_DAY, Written, forecast

DAY = 1_000_000_000
"""Bytes per day in these tests."""
RATE = DAY / SECONDS_PER_DAY


def written(*bytes_by_age: int, rate: float = RATE) -> Written:
    return Written(rate, dict(enumerate(bytes_by_age)))


def test_a_young_volume_that_fits_its_retention_period_never_fills() -> None:
    told = forecast(26 * DAY, written(DAY, DAY, DAY), 28)
    assert told.days_to_full is None
    assert told.fits_days == pytest.approx(29)


def test_a_young_volume_that_is_too_small_fills_before_anything_expires() -> None:
    told = forecast(10 * DAY, written(DAY, DAY, DAY), 28)
    assert told.days_to_full == pytest.approx(10)
    assert told.fits_days == pytest.approx(13)


def test_at_steady_state_the_purge_frees_what_is_written() -> None:
    assert forecast(DAY // 100, written(*[DAY] * 28), 28).days_to_full is None


def test_more_cameras_than_before_fill_a_volume_that_was_in_balance() -> None:
    told = forecast(5 * DAY, written(*[DAY] * 28, rate=2 * RATE), 28)
    assert told.days_to_full == pytest.approx(5)


def test_held_footage_does_not_expire_and_so_shortens_the_time() -> None:
    days = [DAY] * 28
    held = [DAY] * 21 + [0] * 7
    assert forecast(5 * DAY, written(*days), 28).days_to_full is None
    assert forecast(5 * DAY, written(*held), 28).days_to_full == pytest.approx(5)


def test_past_the_mark_it_is_full_now_and_without_writing_it_never_is() -> None:
    assert forecast(-1, written(DAY), 28).days_to_full == 0
    idle = forecast(DAY, written(rate=0), 28)
    assert (idle.days_to_full, idle.fits_days) == (None, None)
