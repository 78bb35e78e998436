from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import T0_US
from vms.rules.ptz_lock import (
    DEAD_MAN_S,
    IDLE_RELEASE_S,
    Busy,
    Granted,
    PtzLock,
    Steerer,
    command,
    current,
    must_stop,
    steering_role,
    stopped,
    take,
)

ANNA = Steerer("a.jansen", "A. Jansen", "observer")
BERT = Steerer("b.smits", "B. Smits", "observer")
POLICE = Steerer("c.wit", "C. de Wit", "police")
PATROL = Steerer("rondje", "Rondje", "patrol")


def granted(verdict: Granted | Busy) -> Granted:
    assert isinstance(verdict, Granted)
    return verdict


def held_by(who: Steerer, now_s: float = 0.0) -> PtzLock:
    return granted(take(None, who, now_s, T0_US)).lock


def test_a_free_camera_is_taken_by_the_first_command() -> None:
    lock = granted(command(None, ANNA, 5.0, T0_US, moving=True)).lock
    assert (lock.holder, lock.since_us, lock.last_command_s) == (ANNA, T0_US, 5.0)


def test_an_equal_cannot_take_it_and_hears_who_has_it() -> None:
    assert take(held_by(ANNA), BERT, 1.0, T0_US) == Busy(ANNA, T0_US, may_take=False)
    assert command(held_by(ANNA), BERT, 1.0, T0_US, moving=True) == Busy(ANNA, T0_US, may_take=False)


def test_police_take_over_only_by_asking_for_it() -> None:
    moving = granted(command(held_by(ANNA), ANNA, 0.1, T0_US, moving=True)).lock
    assert command(moving, POLICE, 0.2, T0_US, moving=True) == Busy(ANNA, T0_US, may_take=True)
    verdict = granted(take(moving, POLICE, 0.2, T0_US))
    assert (verdict.lock.holder, verdict.taken_from, verdict.was_moving) == (POLICE, ANNA, True)
    assert isinstance(take(verdict.lock, ANNA, 0.3, T0_US), Busy)


def test_an_observer_goes_before_a_patrol() -> None:
    assert granted(take(held_by(PATROL), ANNA, 1.0, T0_US)).taken_from == PATROL


def test_a_patrol_gives_way_to_any_command_and_takes_nobodys_camera() -> None:
    verdict = granted(command(held_by(PATROL), ANNA, 1.0, T0_US, moving=True))
    assert (verdict.lock.holder, verdict.lock.since_us, verdict.taken_from) == (ANNA, T0_US, PATROL)
    assert isinstance(take(verdict.lock, PATROL, 2.0, T0_US), Busy)
    assert isinstance(command(verdict.lock, PATROL, 2.0, T0_US, moving=False), Busy)
    other = Steerer("rondje 2", "Rondje 2", "patrol")
    assert isinstance(command(held_by(PATROL), other, 1.0, T0_US, moving=False), Busy)


def test_a_lock_lapses_after_fifteen_idle_seconds() -> None:
    lock = held_by(ANNA)
    assert current(lock, IDLE_RELEASE_S - 0.001) == lock
    assert current(lock, IDLE_RELEASE_S) is None
    assert granted(take(lock, BERT, IDLE_RELEASE_S, T0_US)).taken_from is None


def test_each_command_begins_the_idle_time_anew() -> None:
    lock = granted(command(held_by(ANNA), ANNA, 14.0, T0_US, moving=False)).lock
    assert current(lock, 28.0) is not None
    assert lock.since_us == T0_US


def test_a_movement_must_stop_half_a_second_after_the_last_heart_beat() -> None:
    lock = granted(command(None, ANNA, 10.0, T0_US, moving=True)).lock
    assert not must_stop(lock, 10.0 + DEAD_MAN_S - 0.01)
    assert must_stop(lock, 10.0 + DEAD_MAN_S)
    assert not must_stop(stopped(lock), 99.0)
    assert not must_stop(granted(command(lock, ANNA, 10.1, T0_US, moving=False)).lock, 99.0)


def test_designated_police_claim_more_than_observers() -> None:
    assert steering_role({"observer", "police_reviewer"}) == "police"
    assert steering_role({"observer"}) == "observer"


@given(
    st.lists(
        st.tuples(st.sampled_from([ANNA, BERT, POLICE, PATROL]), st.booleans(), st.floats(0, 20)),
        min_size=1,
        max_size=30,
    )
)
def test_nobody_loses_a_camera_in_use_to_an_equal_or_lower_one(steps: list[tuple[Steerer, bool, float]]) -> None:
    rank = {"police": 3, "observer": 2, "patrol": 1}
    lock: PtzLock | None = None
    now_s = 0.0
    for who, asks, pause_s in steps:
        now_s += pause_s
        before = current(lock, now_s)
        verdict = take(lock, who, now_s, T0_US) if asks else command(lock, who, now_s, T0_US, moving=True)
        if isinstance(verdict, Granted):
            lock = verdict.lock
            if before is not None and before.holder != who:
                assert asks or before.holder == PATROL
                assert rank[who.role] > rank[before.holder.role]
        else:
            assert before is not None
            assert before.holder != who
