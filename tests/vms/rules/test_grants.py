"""A role for a street, a purpose, a month: and nothing more by it."""

from vms.rules.access import Allow, Deny, decide_at_all, decide_on
from vms.rules.grants import Grant, Rights, rights_at

NOW_US = 1_000_000_000
DAY_US = 86_400_000_000


def test_without_any_grant_a_role_holds_for_every_camera() -> None:
    rights = rights_at(["observer"], [], NOW_US)
    assert rights == Rights(frozenset({"observer"}))
    assert decide_on(rights, "live.watch", "Haven", "public_order") == Allow("observer")


def test_one_grant_limits_its_role_to_a_group_and_leaves_the_others() -> None:
    grant = Grant(id=1, role="police_reviewer", group="Haven")
    rights = rights_at(["police_reviewer", "technician"], [grant], NOW_US)
    assert decide_on(rights, "footage.view", "Haven", "public_order") == Allow("police_reviewer")
    denied = decide_on(rights, "footage.view", "Binnenstad", "public_order")
    assert isinstance(denied, Deny)
    assert "gebied" in denied.nl
    assert decide_on(rights, "status.read", "Binnenstad", "public_order") == Allow("technician")
    assert decide_at_all(rights, "footage.view") == Allow("police_reviewer")


def test_a_grant_gives_a_role_that_the_account_does_not_have() -> None:
    rights = rights_at([], [Grant(id=1, role="observer", purpose="harbour")], NOW_US)
    assert rights.roles == {"observer"}
    assert rights.on("Haven", "harbour") == {"observer"}
    assert rights.on("Haven", "public_order") == frozenset()


def test_a_grant_holds_from_its_start_up_to_its_end() -> None:
    grant = Grant(id=1, role="observer", start_us=NOW_US, end_us=NOW_US + DAY_US)
    held = [
        bool(rights_at([], [grant], at_us).roles)
        for at_us in (NOW_US - 1, NOW_US, NOW_US + DAY_US - 1, NOW_US + DAY_US)
    ]
    assert held == [False, True, True, False]


def test_when_the_last_grant_is_over_or_revoked_the_role_does_not_come_back_everywhere() -> None:
    over = Grant(id=1, role="observer", group="Haven", end_us=NOW_US)
    revoked = Grant(id=2, role="observer", group="Haven", revoked_us=NOW_US)
    for grant in (over, revoked):
        assert rights_at(["observer"], [grant], NOW_US).roles == frozenset()
    again = Grant(id=3, role="observer")
    assert rights_at(["observer"], [over, revoked, again], NOW_US) == Rights(frozenset({"observer"}))


def test_what_is_about_every_camera_needs_a_role_for_every_camera() -> None:
    for grant, expected in (
        (Grant(id=1, role="shift_manager", group="Haven"), Deny),
        (Grant(id=1, role="shift_manager"), Allow),
    ):
        assert isinstance(decide_at_all(rights_at([], [grant], NOW_US), "audit.read"), expected)


def test_a_camera_without_a_group_is_reached_only_by_who_has_every_group() -> None:
    assert not Grant(id=1, role="observer", group="Haven").reaches("", "public_order")
    assert Grant(id=1, role="observer", purpose="public_order").reaches("", "public_order")
