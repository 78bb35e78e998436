"""What those who oversee keep of patterns, on both databases: an alert is told once, and grows until it is handled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.vms.test_migrations_keep_accounts import config_on, engine_of
from vms.errors import StorageError
from vms.rules.oversight import Pattern
from vms.store import Store, audit, oversight
from vms.store.audit import AuditEntry

AT = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
LOOKS = Pattern("many_looks_back", "jan", "haven", "2026-W47", 12, 10, 5, 31)


def note(store: Store, *found: Pattern) -> int:
    with store.transaction() as tx:
        return oversight.note_patterns(tx, found, AT)


def handle_all(store: Store) -> None:
    with store.transaction() as tx:
        for alert in oversight.alerts(tx, 10):
            oversight.handle(tx, alert.id, "piet", "nagevraagd", AT)


def told(store: Store) -> list[tuple[int, int, int]]:
    with store.reading() as tx:
        patterns = [alert.pattern for alert in oversight.alerts(tx, 10)]
    return [(one.first_seq, one.last_seq, one.figure) for one in patterns]


def test_an_alert_grows_until_somebody_handles_it_and_never_shrinks(store: Store) -> None:
    assert note(store, LOOKS) == 1
    assert note(store, replace(LOOKS, figure=14, last_seq=40)) == 0
    assert note(store, replace(LOOKS, figure=11, first_seq=20, last_seq=38)) == 0
    assert told(store) == [(5, 40, 14)]
    handle_all(store)
    assert note(store, replace(LOOKS, figure=15, last_seq=50)) == 0
    assert told(store) == [(5, 40, 14)], "as it was handled"


def test_part_of_a_known_burst_is_not_told_again_in_another_hour(store: Store) -> None:
    burst = Pattern("refused_often", "guess", "", "2026-11-22T23", 30, 10, 100, 160)
    assert note(store, burst) == 1
    rest = replace(burst, period="2026-11-23T00", figure=12, first_seq=140)
    assert note(store, rest) == 0
    handle_all(store)
    assert note(store, rest) == 0
    assert note(store, replace(rest, first_seq=161, last_seq=180), replace(rest, actor="other")) == 2


def test_as_much_again_after_it_was_handled_is_another_alert_of_the_same_week(store: Store) -> None:
    note(store, LOOKS)
    handle_all(store)
    with store.reading() as tx:
        assert oversight.handled(tx) == {("many_looks_back", "jan", "haven"): 31}
    again = replace(LOOKS, figure=10, first_seq=32, last_seq=60)
    assert (note(store, again), note(store, again)) == (1, 0)
    assert told(store) == [(32, 60, 10), (5, 31, 12)]


def test_acts_say_whose_session_ended_and_which_shift_did(store: Store) -> None:
    with store.transaction() as tx:
        for action, object_ in (
            ("live.watch", "camera:markt"), ("shifts.end", "shift:3"), ("session.end", "user:piet"),
            ("users.add", "user:x"), ("login.break_glass", "user:jan"),
        ):  # fmt: skip
            entry = AuditEntry(
                at=AT, actor="jan", roles=("observer",), action=action, object=object_, result="allowed",
                detail={"profile": "hero"} if action == "live.watch" else {}, workstation="w1",
            )  # fmt: skip
            audit.append(tx, entry)
    with store.reading() as tx:
        assert [(act.action, act.camera, act.profile, act.whose) for act in oversight.acts(tx, AT)] == [
            ("live.watch", "markt", "hero", ""),
            ("shifts.end", "", "", ""),
            ("session.end", "", "", "piet"),
            ("login.break_glass", "", "", ""),
        ]
        assert oversight.acts(tx, AT + timedelta(seconds=1)) == []


def test_a_row_that_cannot_be_read_is_said_so(store: Store) -> None:
    with store.transaction() as tx:
        entry = AuditEntry(at=AT, actor="a", roles=(), action="login", object="user:a", result="allowed", detail={})
        audit.append(tx, entry)
        tx.execute(text("update audit set roles = '1'"))
    with store.reading() as tx:
        assert [act.action for act in oversight.acts(tx, AT)] == ["login"], "the others are still looked through"
    if tx.get_bind().dialect.name != "sqlite":
        return  # whose numbers are numbers
    with store.transaction() as tx:
        tx.execute(text("update audit set at = 'later'"))
    with store.reading() as tx, pytest.raises(StorageError, match="a row of the audit log cannot be read"):
        oversight.acts(tx, AT)


def test_alerts_come_through_an_upgrade_and_the_way_back_with_their_four_eyes(store_url: str) -> None:
    engine = engine_of(store_url)
    row = """insert into oversight_alert
        (id, code, actor, camera, period, figure, bound, first_seq, last_seq, at, handled_by, note)
        values ({id}, 'many_looks_back', 'jan', 'haven', '2026-W47', 12, 10, {first}, 31, 5, '{by}', '')"""
    numbers = text("select id, first_seq from oversight_alert order by id")
    with engine.begin() as connection:
        config = config_on(connection)
        command.upgrade(config, "0015_audit")
        connection.execute(text(row.format(id=1, first=5, by="")))
        command.upgrade(config, "0016_alerts")
        connection.execute(text(row.format(id=2, first=32, by="")))
        assert connection.execute(numbers).all() == [(1, 5), (2, 32)]
    with pytest.raises(IntegrityError, match="four_eyes"), engine.begin() as connection:
        connection.execute(text(row.format(id=3, first=33, by="jan")))
    with engine.begin() as connection:
        command.downgrade(config_on(connection), "0015_audit")
        assert connection.execute(numbers).all() == [(2, 32)]
    with pytest.raises(IntegrityError, match="four_eyes"), engine.begin() as connection:
        connection.execute(text(row.format(id=3, first=33, by="jan").replace("W47", "W48")))
    engine.dispose()
