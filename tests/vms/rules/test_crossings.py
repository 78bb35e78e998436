import pytest

from vms.rules.access import Allow, Deny, crossing_for, decide_on
from vms.rules.crossings import CrossingWish, crossing, refuse_crossing
from vms.rules.grants import Grant, Rights, rights_at

NOW = 1_000_000_000
HOUR = 3_600_000_000
WISH = CrossingWish(purpose="traffic", group="", hours=2, basis="art. 3 Politiewet, aanrijding")


def held(*grants: Grant, roles: tuple[str, ...] = ("observer", "police_reviewer"), at: int = NOW) -> Rights:
    return rights_at(roles, grants, at)


def let_in(**changes: object) -> Grant:
    wish = CrossingWish(**({"purpose": "traffic", "group": "", "hours": 2, "basis": WISH.basis} | changes))  # type: ignore[arg-type]
    return crossing(wish, NOW)


@pytest.mark.parametrize("action", ["live.watch", "ptz.steer", "footage.view", "footage.export", "snapshot.view"])
def test_a_role_for_every_camera_is_one_for_public_order(action: str) -> None:
    assert isinstance(decide_on(held(), action, "Haven", "public_order"), Allow)  # type: ignore[arg-type]
    verdict = decide_on(held(), action, "Haven", "traffic")  # type: ignore[arg-type]
    assert isinstance(verdict, Deny)
    assert "ander doel" in verdict.nl


def test_a_role_that_was_given_for_a_purpose_by_its_name_holds_there() -> None:
    everywhere, named = Grant(id=1, role="observer"), Grant(id=2, role="observer", purpose="traffic", group="Haven")
    rights = held(everywhere, named)
    assert isinstance(decide_on(rights, "ptz.steer", "Haven", "traffic"), Allow)
    assert isinstance(decide_on(rights, "ptz.steer", "Haven", "public_order"), Allow)
    assert isinstance(decide_on(rights, "live.watch", "Markt", "traffic"), Deny)
    assert isinstance(decide_on(rights, "footage.view", "Haven", "traffic"), Deny), "as observer, not as reviewer"
    assert crossing_for(rights, "live.watch", "Haven", "traffic") is None


def test_a_grant_for_an_area_reaches_the_cameras_of_public_order_in_it() -> None:
    rights = held(Grant(id=1, role="observer", group="Haven"))
    assert isinstance(decide_on(rights, "live.watch", "Haven", "public_order"), Allow)
    assert isinstance(decide_on(rights, "live.watch", "Haven", "traffic"), Deny)


def test_a_crossing_opens_seeing_by_the_roles_one_has_and_nothing_else() -> None:
    rights = held(let_in())
    assert crossing_for(rights, "live.watch", "Haven", "traffic") is not None
    for action in ("live.watch", "snapshot.view", "footage.view"):
        assert isinstance(decide_on(rights, action, "Haven", "traffic"), Allow)  # type: ignore[arg-type]
    for action in ("ptz.steer", "footage.export", "requests.ask", "bookmarks.make", "trails.make"):
        assert isinstance(decide_on(rights, action, "Haven", "traffic"), Deny)  # type: ignore[arg-type]
    assert isinstance(decide_on(rights, "live.watch", "Haven", "harbour"), Deny)
    assert isinstance(decide_on(rights, "live.watch", "Haven", "public_order"), Allow), "it takes nothing away"
    assert crossing_for(rights, "live.watch", "Haven", "public_order") is None


def test_who_watches_one_area_sees_another_purpose_where_the_crossing_says() -> None:
    limited = Grant(id=1, role="observer", group="Markt")

    def held(*grants: Grant) -> Rights:
        return rights_at(["observer"], grants, NOW)

    assert isinstance(decide_on(held(limited, let_in()), "live.watch", "Haven", "traffic"), Allow)
    assert isinstance(decide_on(held(limited, let_in(group="Markt")), "live.watch", "Haven", "traffic"), Deny)
    assert isinstance(decide_on(held(limited, let_in()), "live.watch", "Haven", "public_order"), Deny)


def test_a_crossing_gives_no_role() -> None:
    assert isinstance(decide_on(held(let_in(), roles=("technician",)), "live.watch", "Haven", "traffic"), Deny)


def test_a_crossing_ends_to_the_microsecond_and_with_its_area() -> None:
    rights = held(let_in(group="Haven"), at=NOW + 2 * HOUR - 1)
    assert isinstance(decide_on(rights, "live.watch", "Haven", "traffic"), Allow)
    assert isinstance(decide_on(rights, "live.watch", "Markt", "traffic"), Deny)
    assert isinstance(decide_on(held(let_in(), at=NOW + 2 * HOUR), "live.watch", "Haven", "traffic"), Deny)


@pytest.mark.parametrize("action", ["status.read", "masks.draw", "placements.move", "cameras.list"])
def test_who_keeps_cameras_in_order_does_so_for_every_purpose(action: str) -> None:
    rights = held(roles=("technician",))
    assert isinstance(decide_on(rights, action, "Haven", "traffic"), Allow)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": "public_order"}, "purpose"),
        ({"purpose": "harbour"}, "purpose"),
        ({"group": "Elders"}, "group"),
        ({"hours": 0}, "hours"),
        ({"hours": 25}, "hours"),
        ({"basis": "zomaar"}, "basis"),
    ],
)
def test_a_crossing_without_ground_or_end_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    fields = {"purpose": "traffic", "group": "", "hours": 2, "basis": WISH.basis} | changes
    wish = CrossingWish(**fields)  # type: ignore[arg-type]
    assert set(refuse_crossing(wish, "m.smit", "jan", ["traffic"], ["Haven"])) == {field}


def test_nobody_lets_oneself_in_however_spelled() -> None:
    assert refuse_crossing(WISH, "M.Smit", "m.smit", ["traffic"], []) == {"holder": "crossing_oneself"}
    assert refuse_crossing(WISH, "m.smit", "jan", ["traffic"], []) == {}
