"""Alarms in the database: each once, with who saw it, and not for ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vms.store import Store, alarms
from vms.store.alarms import KEPT_FOR, StoredAlarm

AT = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
LOST = StoredAlarm(7, AT, "markt-01", "camera_lost", "Geen beeld", "No picture", "no answer", "", None)


def save(store: Store, *saved: StoredAlarm) -> None:
    with store.transaction() as tx:
        alarms.save(tx, saved)


def newest(store: Store, limit: int = 50) -> list[StoredAlarm]:
    with store.reading() as tx:
        return alarms.newest(tx, limit)


def test_an_alarm_is_kept_once_and_who_saw_it_is_added(store: Store) -> None:
    save(store, LOST)
    seen = replace(LOST, acknowledged_by="Jan de Wit", acknowledged_at=AT + timedelta(minutes=1))
    save(store, seen)
    assert newest(store) == [seen]


def test_the_newest_come_in_the_order_in_which_they_were_raised(store: Store) -> None:
    save(store, *(replace(LOST, id=number) for number in (9, 7, 8)))
    assert [alarm.id for alarm in newest(store)] == [7, 8, 9]
    assert [alarm.id for alarm in newest(store, 2)] == [8, 9]


def test_what_is_older_than_ninety_days_is_forgotten(store: Store) -> None:
    save(store, LOST, replace(LOST, id=8, at=AT + timedelta(seconds=1)))
    with store.transaction() as tx:
        alarms.forget_old(tx, AT + KEPT_FOR + timedelta(milliseconds=1))
    assert [alarm.id for alarm in newest(store)] == [8]
