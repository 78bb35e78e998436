"""What a grant must be, and who may not give it."""

from zoneinfo import ZoneInfo

import pytest

from vms.rules.granting import GrantWish, read_wish, refuse_giving
from vms.rules.grants import Grant
from vms.units import US_PER_SECOND

ZONE = ZoneInfo("Europe/Amsterdam")
NOW_US = 1_795_000_000 * US_PER_SECOND
DAY_US = 86_400 * US_PER_SECOND


def read(**wish: str) -> object:
    return read_wish(GrantWish(**{"role": "observer", **wish}), ("Haven",), ("public_order",), ZONE, NOW_US)


def test_what_is_left_empty_is_every_camera_from_now_until_withdrawn() -> None:
    assert read() == Grant(id=0, role="observer", start_us=NOW_US)


def test_days_are_whole_days_of_the_site_also_when_the_clock_is_set() -> None:
    given = read(group="Haven", purpose="public_order", start="2027-03-28", until="2027-03-28")
    assert isinstance(given, Grant)
    assert given.end_us is not None
    assert given.end_us - given.start_us == DAY_US - 3600 * US_PER_SECOND


@pytest.mark.parametrize(
    ("wish", "faults"),
    [
        ({"role": "boss"}, {"role": "grant_role"}),
        ({"group": "haven"}, {"group": "grant_group"}),
        ({"purpose": "fun"}, {"purpose": "grant_purpose"}),
        ({"start": "morgen"}, {"start": "grant_time"}),
        ({"until": "2026-02-30"}, {"until": "grant_time"}),
        ({"until": "9999-12-31"}, {"until": "grant_time"}),
        ({"start": "0001-01-01"}, {"start": "grant_time"}),
        ({"start": "2027-02-01", "until": "2027-01-31"}, {"until": "grant_period"}),
        ({"until": "2020-01-01"}, {"until": "grant_period"}),
        (
            {"role": "", "start": "x", "until": "y"},
            {"role": "grant_role", "start": "grant_time", "until": "grant_time"},
        ),
    ],
)
def test_every_fault_is_named_by_its_field(wish: dict[str, str], faults: dict[str, str]) -> None:
    assert read(**wish) == faults


@pytest.mark.parametrize(
    ("by", "holder", "refused"), [("jan", "piet", None), ("jan", "jan", True), ("jan", " Jan", True)]
)
def test_nobody_gives_oneself_a_role(by: str, holder: str, refused: bool | None) -> None:
    assert refuse_giving(by, holder) == ("grant_to_oneself" if refused else None)
