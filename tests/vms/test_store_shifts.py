"""Grants, placements, shifts and hours watched in the database, on SQLite and on PostgreSQL."""

from dataclasses import replace

from tests.fakes import T0_US
from vms.rules.grants import Grant
from vms.rules.placements import Hanging, Placement
from vms.rules.shifts import HOUR_US, LONGEST_US, Shift
from vms.store import Store, grants, placements, shifts, viewing
from vms.store.viewing import Watched
from vms.units import utc_from_us

NOW = utc_from_us(T0_US)
SHIFT = Shift(
    id=0, username="a", colleagues=("b",), coordinator="B. Smits", workstation="2", started_us=T0_US, ended_us=None,
    note="",
)  # fmt: skip
HANGING = Hanging(
    id=0, camera_id="flex-01", placement=Placement("paal 3", 51.3, 6.1), area="Markt", decision_id=None, start_us=None,
    author="", reason="",
)  # fmt: skip


def test_what_was_written_is_read_again(store: Store) -> None:
    with store.transaction() as tx:
        given = grants.give(tx, "a", Grant(id=0, role="observer", group="Markt", start_us=T0_US), "b", NOW)
        first = placements.add(tx, HANGING)
        second = placements.add(tx, replace(HANGING, placement=Placement("paal 7", None, None), start_us=T0_US))
        begun = shifts.begin(tx, SHIFT)
        viewing.add(tx, {("flex-01", T0_US // HOUR_US * HOUR_US): Watched(5, 10)})
        viewing.add(tx, {("flex-01", T0_US // HOUR_US * HOUR_US): Watched(1, 1)})
    with store.reading() as tx:
        assert grants.of(tx, "a") == [given]
        assert placements.history(tx, "flex-01") == [first, second]
        assert placements.current(tx) == [second]
        assert shifts.on(tx, T0_US + LONGEST_US - 1) == [begun]
        assert shifts.on(tx, T0_US + LONGEST_US) == []
        assert shifts.between(tx, T0_US + 1, T0_US + 2) == [begun]
        assert viewing.by_camera(tx, utc_from_us(0), utc_from_us(T0_US + 1)) == {"flex-01": Watched(6, 11)}


def test_a_shift_is_closed_once(store: Store) -> None:
    with store.transaction() as tx:
        begun = shifts.begin(tx, SHIFT)
        shifts.end(tx, begun.id, T0_US + 5, "alles rustig")
        again = shifts.end(tx, begun.id, T0_US + 9, "anders")
    assert (again.ended_us, again.note) == (T0_US + 5, "alles rustig")
    with store.reading() as tx:
        assert shifts.last_closed(tx) == again
        assert shifts.last_of(tx, "a") == again
