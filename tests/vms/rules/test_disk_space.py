import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.rules.disk_space import Shortage, Space, is_relieved, room_to_mark, shortage, why_full

GIB = 1 << 30
TIB = 1 << 40


def used(pct: float, total: int = 10 * TIB) -> Space:
    return Space(total, int(total * (1 - pct / 100)))


def test_nothing_must_go_below_the_mark_and_a_percent_more_than_needed_from_there() -> None:
    assert shortage(used(91.99), 92) == Shortage()
    assert shortage(used(92.5), 92).bytes == pytest.approx(1.5 / 100 * 10 * TIB, rel=1e-6)


def test_the_fuller_of_bytes_and_files_counts() -> None:
    space = Space(10 * TIB, 5 * TIB, 1000, 50)
    assert space.used_pct == pytest.approx(95)
    assert shortage(space, 92) == Shortage(files=40)


def test_a_quota_counts_as_full_whatever_the_numbers_say() -> None:
    space = Space(100 * GIB, 60 * GIB, refuses_writes=True)
    assert shortage(space, 92) == Shortage(bytes=GIB)
    assert not is_relieved(space, 92)


@given(st.integers(16 << 20, 100 * TIB), st.floats(1, 99), st.floats(0, 100))
def test_erasing_always_begins_before_writing_must_stop(total: int, mark: float, used_pct: float) -> None:
    space = used(used_pct, total)
    if why_full(space):
        assert shortage(space, mark)


@given(st.integers(1 << 30, 100 * TIB), st.floats(2, 99), st.floats(0, 100))
def test_after_what_must_go_is_gone_nothing_more_must(total: int, mark: float, used_pct: float) -> None:
    space = used(used_pct, total)
    missing = shortage(space, mark)
    after = Space(total, space.free_bytes + missing.bytes)
    assert not shortage(after, mark)
    assert bool(missing) == (room_to_mark(space, mark) <= 0)


def test_a_volume_stops_at_its_floor_and_is_relieved_a_percent_below_its_mark() -> None:
    assert why_full(Space(10 * TIB, 200 << 20)) == "full: 200 MiB free"
    assert why_full(Space(10 * TIB, TIB, 10_000_000, 12)) == "full: room for 12 more files"
    assert why_full(Space(1 << 30, 30 << 20)) == ""
    assert [is_relieved(used(pct), 92) for pct in (90.9, 91.1, 92.1)] == [True, False, False]
