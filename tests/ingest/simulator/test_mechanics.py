"""The head of a simulated camera is an exact function of time."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulator.mechanics import (
    MAX_PRESETS,
    FixedHead,
    PtzMechanics,
    deg_from_generic,
    generic_from_deg,
    hfov_deg_at,
)
from ingest.simulator.model import PAN_RANGE_DEG, TILT_RANGE_DEG, ViewDeg
from tests.fakes import T0_US, FakeClock
from tests.ingest.simulator.sim_street import FIXED_SPEC, PTZ_SPEC
from vms.units import US_PER_SECOND


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def head(clock: FakeClock) -> PtzMechanics:
    return PtzMechanics(PTZ_SPEC, clock)


def after_s(seconds: float) -> int:
    return T0_US + round(seconds * US_PER_SECOND)


def test_starts_at_home_and_stands_still(head: PtzMechanics) -> None:
    for seconds in (-5, 0, 1, 3600):
        assert head.view_at(after_s(seconds)) == ViewDeg(0.0, -8.0, 60.0)
    assert not head.status(T0_US).pan_tilt_moving


def test_continuous_move_is_linear_at_its_share_of_the_top_speed(head: PtzMechanics) -> None:
    head.continuous_move(pan_tilt=(0.5, -0.1), timeout_s=1.0)  # 60°/s right, 9°/s down
    view = head.view_at(after_s(0.25))
    assert (view.pan_deg, view.tilt_deg) == (pytest.approx(15.0), pytest.approx(-8 - 2.25))
    assert head.status(after_s(0.25)).pan_tilt_moving


def test_continuous_move_ends_by_itself_at_its_timeout(head: PtzMechanics) -> None:
    head.continuous_move(pan_tilt=(0.5, 0), zoom=0.2, timeout_s=1.5)
    at_end, much_later = head.view_at(after_s(1.5)), head.view_at(after_s(600))
    assert at_end == much_later
    assert at_end.pan_deg == pytest.approx(90.0)
    assert head.status(after_s(1.499)).pan_tilt_moving
    status = head.status(after_s(1.5))
    assert not status.pan_tilt_moving
    assert not status.zoom_moving
    assert status.zoom == pytest.approx(0.15)


def test_without_a_timeout_the_dead_man_is_five_seconds(head: PtzMechanics) -> None:
    head.continuous_move(pan_tilt=(0.1, 0))
    assert head.status(after_s(4.9)).pan_tilt_moving
    assert head.view_at(after_s(60)).pan_deg == pytest.approx(60.0)


def test_refreshing_a_continuous_move_keeps_its_speed_and_restarts_its_timeout(
    head: PtzMechanics, clock: FakeClock
) -> None:
    head.continuous_move(pan_tilt=(0.1, 0), timeout_s=1.0)
    clock.advance(0.8)
    head.continuous_move(pan_tilt=(0.1, 0), timeout_s=1.0)
    assert head.view_at(after_s(1.5)).pan_deg == pytest.approx(18.0)
    assert head.view_at(after_s(10)).pan_deg == pytest.approx(21.6)


def test_end_of_range_stops_the_axis_before_its_timeout(head: PtzMechanics) -> None:
    head.continuous_move(pan_tilt=(1.0, 1.0), timeout_s=5.0)
    assert head.view_at(after_s(1.5)).pan_deg == pytest.approx(180.0)
    assert head.view_at(after_s(5)) == ViewDeg(180.0, 20.0, 60.0)
    assert not head.status(after_s(1.6)).pan_tilt_moving


def test_zero_velocity_stops_that_axis_and_absent_leaves_it(head: PtzMechanics, clock: FakeClock) -> None:
    head.continuous_move(pan_tilt=(0.1, 0), zoom=0.1, timeout_s=2.0)
    clock.advance(1)
    head.continuous_move(zoom=0.0)
    assert head.view_at(after_s(2)).pan_deg == pytest.approx(24.0)
    assert head.status(after_s(2)).zoom == pytest.approx(0.05)


def test_stop_freezes_exactly_where_it_was(head: PtzMechanics, clock: FakeClock) -> None:
    head.continuous_move(pan_tilt=(0.5, 0.1), zoom=1.0, timeout_s=5)
    clock.advance(0.5)
    head.stop()
    assert head.view_at(after_s(100)) == head.view_at(after_s(0.5))
    assert head.view_at(after_s(100)).pan_deg == pytest.approx(30.0)


def test_the_past_stays_known_after_new_commands(head: PtzMechanics, clock: FakeClock) -> None:
    head.continuous_move(pan_tilt=(0.5, 0), timeout_s=5)
    clock.advance(1)
    head.stop()
    clock.advance(1)
    head.absolute_move(pan_tilt_deg=(-90, -8))
    assert head.view_at(after_s(0.5)).pan_deg == pytest.approx(30.0)
    assert head.view_at(after_s(1.5)).pan_deg == pytest.approx(60.0)
    assert head.view_at(after_s(2.5)).pan_deg == pytest.approx(0.0)


def test_absolute_move_arrives_exactly_and_in_time(head: PtzMechanics) -> None:
    head.absolute_move(pan_tilt_deg=(60.0, -26.0), zoom=0.5, pan_tilt_speed=(0.5, 0.1), zoom_speed=0.5)
    assert head.view_at(after_s(0.5)).pan_deg == pytest.approx(30.0)
    assert head.view_at(after_s(2)) == ViewDeg(60.0, -26.0, 12.0)
    assert head.status(after_s(1.9)).zoom_moving
    assert not head.status(after_s(2)).pan_tilt_moving


def test_absolute_move_is_clamped_to_the_range(head: PtzMechanics) -> None:
    head.absolute_move(pan_tilt_deg=(400.0, -200.0), zoom=7.0)
    assert head.view_at(after_s(60)) == ViewDeg(180.0, -90.0, 3.0)


def test_presets_are_made_reached_and_removed(head: PtzMechanics, clock: FakeClock) -> None:
    assert {preset.name for preset in head.presets().values()} >= {"Overzicht", "Detail"}
    head.absolute_move(pan_tilt_deg=(45, -30), zoom=0.25)
    clock.advance(5)
    token = head.set_preset("Hoek")
    head.goto_home()
    clock.advance(5)
    assert head.view_at(clock.now_us()) == ViewDeg(0.0, -8.0, 60.0)
    head.goto_preset(token)
    clock.advance(5)
    assert head.view_at(clock.now_us()) == ViewDeg(45.0, -30.0, 36.0)
    head.remove_preset(token)
    with pytest.raises(KeyError):
        head.goto_preset(token)


def test_presets_are_bounded(head: PtzMechanics) -> None:
    while len(head.presets()) < MAX_PRESETS:
        head.set_preset("vol")
    with pytest.raises(OverflowError):
        head.set_preset("te veel")


def test_reboot_homes_at_once_also_a_home_that_was_set(head: PtzMechanics, clock: FakeClock) -> None:
    head.absolute_move(pan_tilt_deg=(10, -10))
    clock.advance(5)
    head.set_home()
    head.continuous_move(pan_tilt=(1, 0), timeout_s=5)
    clock.advance(1)
    head.reboot()
    assert head.view_at(clock.now_us()).pan_deg == 10.0
    assert not head.status(clock.now_us()).pan_tilt_moving


def test_fixed_head_never_moves() -> None:
    head = FixedHead(FIXED_SPEC)
    assert head.view_at(0) == head.view_at(T0_US) == ViewDeg(90.0, -8.0, 60.0)


@pytest.mark.parametrize(("zoom", "hfov_deg"), [(0, 60), (0.25, 36), (0.5, 12), (0.75, 7.5), (1, 3)])
def test_lens_is_linear_between_the_rows_of_its_table(zoom: float, hfov_deg: float) -> None:
    assert hfov_deg_at(zoom) == pytest.approx(hfov_deg)


@given(st.floats(-1, 1), st.sampled_from([PAN_RANGE_DEG, TILT_RANGE_DEG]))
def test_generic_positions_and_degrees_convert_both_ways(value: float, range_deg: tuple[float, float]) -> None:
    degrees = deg_from_generic(value, range_deg)
    assert range_deg[0] - 1e-9 <= degrees <= range_deg[1] + 1e-9
    assert generic_from_deg(degrees, range_deg) == pytest.approx(value, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 60), st.floats(0, 5)),
        max_size=12,
    )
)
def test_no_sequence_of_moves_leaves_the_range_or_jumps(
    moves: list[tuple[float, float, float, float, float]],
) -> None:
    clock = FakeClock()
    head = PtzMechanics(PTZ_SPEC, clock)
    for pan, tilt, zoom, timeout_s, pause_s in moves:
        head.continuous_move(pan_tilt=(pan, tilt), zoom=zoom, timeout_s=timeout_s)
        clock.advance(pause_s)
    before = head.view_at(T0_US)
    for step in range(1, 200):
        view = head.view_at(T0_US + step * 100_000)
        assert PAN_RANGE_DEG[0] <= view.pan_deg <= PAN_RANGE_DEG[1]
        assert TILT_RANGE_DEG[0] <= view.tilt_deg <= TILT_RANGE_DEG[1]
        assert abs(view.pan_deg - before.pan_deg) <= 12.0 + 1e-3
        before = view


def test_two_threads_may_move_and_look() -> None:
    clock = FakeClock()
    head = PtzMechanics(PTZ_SPEC, clock)
    failures: list[Exception] = []

    def look() -> None:
        try:
            for _ in range(2000):
                head.view_at(clock.now_us())
        except RuntimeError as error:
            failures.append(error)

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(2000):
        head.continuous_move(pan_tilt=(0.1, 0), timeout_s=1)
    watcher.join()
    assert failures == []
