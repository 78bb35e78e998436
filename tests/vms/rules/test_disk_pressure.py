from vms.rules.disk_pressure import Obstacle, Stored, in_the_way
from vms.rules.disk_space import Space

GB = 10**9


def disk(free_gb: float, *, reserved_gb: float = 0, refuses_writes: bool = False) -> Space:
    """Of 100 GB and a mark of 90 %, without a count of files."""
    free, reserved = int(free_gb * GB), int(reserved_gb * GB)
    return Space(100 * GB, free, refuses_writes=refuses_writes, reserved_bytes=reserved)


def footage(gb: float) -> Stored:
    return Stored(int(gb * GB), 2 if gb else 0)


def test_what_brings_the_volume_below_its_mark_may_go() -> None:
    assert in_the_way(disk(9), 90, footage(91), footage(2)) is None


def test_what_does_not_help_stays_and_the_larger_obstacle_is_named() -> None:
    assert in_the_way(disk(5), 90, footage(90), footage(3)) == Obstacle("held", 5 * GB)
    assert in_the_way(disk(5), 90, footage(55), footage(3)) == Obstacle("held", 40 * GB)
    assert in_the_way(disk(5), 90, footage(52), footage(20)) is None
    assert in_the_way(disk(5), 90, footage(0), footage(0)) == Obstacle("foreign", 95 * GB)


def test_footage_makes_way_for_other_files_up_to_half_of_the_room_below_the_mark() -> None:
    assert in_the_way(disk(9), 90, footage(46.1), footage(2)) is None
    assert in_the_way(disk(9), 90, footage(45.9), footage(2)) == Obstacle("foreign", 45_100_000_000)


def test_what_the_file_system_reserves_is_nobodys() -> None:
    assert in_the_way(disk(9, reserved_gb=5), 90, footage(41.5), footage(2)) is None


def test_files_count_as_bytes_do() -> None:
    space = Space(100 * GB, 90 * GB, 1_000_000, 50_000)
    assert in_the_way(space, 90, Stored(GB, 900_000), Stored(GB, 60_000)) is None
    assert in_the_way(space, 90, Stored(GB, 300_000), Stored(GB, 60_000)) == Obstacle("foreign", 9 * GB)


def test_under_a_quota_only_our_own_footage_counts() -> None:
    space = disk(60, refuses_writes=True)
    assert in_the_way(space, 90, footage(3), footage(1)) is None
    assert in_the_way(space, 90, footage(3), footage(0)) == Obstacle("held", 37 * GB)
