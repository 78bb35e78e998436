"""Shifts as people use them: who is in one, signing in and closing, and what managers read of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from vms.clock import Clock
from vms.config import SiteConfig
from vms.rules.access import Action
from vms.rules.grants import rights_at
from vms.rules.shifts import Shift, hours, months, needs_shift
from vms.store import Store, Transaction, grants, shifts, users, viewing
from vms.store.users import User
from vms.store.viewing import Watched
from vms.units import utc_from_us
from web.audit_trail import Actor, AuditTrail
from web.problems import Problem, field_problem

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SignIn:
    """As somebody filled it in. colleagues: usernames."""

    colleagues: tuple[str, ...]
    coordinator: str
    workstation: str


class ShiftBook:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._trail = trail

    @property
    def is_required(self) -> bool:
        return self._config.shifts.required

    def lets(self, actor: Actor, action: Action) -> bool:
        """A machine with a token stands in no shift: who made the token answers for it. Raises StoreBusy."""
        if not self.is_required or not actor.by_cookie or not needs_shift(actor.roles, action):
            return True
        return self.current(actor.username) is not None

    def require(self, actor: Actor, action: Action) -> None:
        """Raises Problem shift_required."""
        if not self.lets(actor, action):
            self._trail.refuse(actor, action, "shift", reason="shift_required")
            raise Problem("shift_required")

    def current(self, username: str) -> Shift | None:
        """That this person signed in to, or was named in by a colleague."""
        with self._store.reading() as tx:
            return _of(username, shifts.on(tx, self._clock.now_us()))

    def names(self, shift: Shift) -> list[str]:
        """Display names of who is in it."""
        with self._store.reading() as tx:
            return _people(shift, _names(tx))

    def own(self, actor: Actor) -> dict[str, Any]:
        """What the page needs: the shift that is on, or what the form begins with."""
        now_us = self._clock.now_us()
        with self._store.reading() as tx:
            current = _of(actor.username, shifts.on(tx, now_us))
            mine, closed = shifts.last_of(tx, actor.username), shifts.last_closed(tx)
            observers, names = self._observers(tx), _names(tx)
        return {
            "required": self.is_required,
            "now_us": now_us,
            "shift": _as_json(current, names) if current else None,
            "colleagues": [
                {"username": user.username, "display_name": user.display_name}
                for user in observers
                if user.username != actor.username
            ],
            "before": {
                "coordinator": mine.coordinator if mine else "",
                "workstation": mine.workstation if mine else actor.workstation,
            },
            "handover": _as_json(closed, names) if closed and closed.note else None,
        }

    def begin(self, actor: Actor, given: SignIn) -> dict[str, Any]:
        """Raises Problem shift_open, no_observer, colleague_in_shift: a person is in one shift at a time."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            on, names = shifts.on(tx, now_us), _names(tx)
            if _of(actor.username, on):
                raise Problem("shift_open")
            observers = {user.username for user in self._observers(tx)} - {actor.username}
            if not set(given.colleagues) <= observers:
                raise field_problem("colleagues", "no_observer")
            busy = [username for username in given.colleagues if _of(username, on)]
            if busy:
                raise _in_shift([names[username] for username in busy])
            self._trail.allow_within(
                tx,
                actor,
                "shifts.begin",
                "shift",
                colleagues=", ".join(given.colleagues),
                coordinator=given.coordinator,
                desk=given.workstation,
            )
            begun = shifts.begin(
                tx,
                Shift(
                    id=0,
                    username=actor.username,
                    colleagues=tuple(dict.fromkeys(given.colleagues)),
                    coordinator=given.coordinator,
                    workstation=given.workstation,
                    started_us=now_us,
                    ended_us=None,
                    note="",
                ),
            )
        return _as_json(begun, names)

    def end(self, actor: Actor, note: str) -> dict[str, Any]:
        """By anybody who is in it. Raises Problem no_shift."""
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            current = _of(actor.username, shifts.on(tx, now_us))
            if current is None:
                raise Problem("no_shift")
            self._trail.allow_within(tx, actor, "shifts.end", f"shift:{current.id}", note=note)
            return _as_json(shifts.end(tx, current.id, now_us, note), _names(tx))

    def register(self, before_id: int | None) -> dict[str, Any]:
        with self._store.reading() as tx:
            found, names = shifts.newest(tx, _SHOWN, before_id), _names(tx)
        return {"shifts": [_as_json(shift, names) for shift in found], "more": len(found) == _SHOWN}

    def figures(self, year: int, sees: Sequence[str]) -> dict[str, Any]:
        """Of a local year, as the annual report asks. sees: cameras that may be named."""
        zone = ZoneInfo(self._config.site.timezone)
        bounds, now_us = months(year, zone), self._clock.now_us()
        first_us, last_us = bounds[0][0], bounds[-1][1]
        with self._store.reading() as tx:
            found = shifts.between(tx, first_us, last_us)
            watched = viewing.by_camera(tx, utc_from_us(first_us), utc_from_us(last_us))
        cameras = [camera for camera in self._config.cameras if camera.id in sees]
        areas: dict[str, Watched] = {}
        for camera in cameras:
            areas[camera.area] = areas.get(camera.area, Watched()) + watched.get(camera.id, Watched())
        made = [hours(found, start_us, end_us, now_us) for start_us, end_us in bounds]
        return {
            "year": year,
            "shifts": len(found),
            "manned_us": sum(month.manned_us for month in made),
            "person_us": sum(month.person_us for month in made),
            "months": [{"manned_us": month.manned_us, "person_us": month.person_us} for month in made],
            "areas": [{"name": name, **_watched(areas[name])} for name in sorted(areas)],
            "cameras": [
                {
                    "id": c.id,
                    "number": c.number,
                    "name": c.name,
                    "area": c.area,
                    **_watched(watched.get(c.id, Watched())),
                }
                for c in cameras
            ],
        }

    def _observers(self, tx: Transaction) -> list[User]:
        """Accounts that hold the role now, for one camera at least."""
        given, now_us = grants.everybodys(tx), self._clock.now_us()
        return [
            user
            for user in users.all_users(tx)
            if user.active and "observer" in rights_at(user.roles, given.get(user.username, ()), now_us).roles
        ]


def _of(username: str, on: Sequence[Shift]) -> Shift | None:
    """Where this person is in; of two, which older versions let be, the newer."""
    return next((shift for shift in reversed(on) if username in shift.people), None)


def _in_shift(names: Collection[str]) -> Problem:
    who = ", ".join(names)
    nl = f"{who} is al in een dienst: sluit die eerst af, of begin zonder deze collega."
    en = f"{who} is in a shift already: close it first, or begin without this colleague."
    return Problem("colleague_in_shift", fields={"colleagues": {"nl": nl, "en": en}})


def _names(tx: Transaction) -> dict[str, str]:
    """Display names by username."""
    return {user.username: user.display_name for user in users.all_users(tx)}


def _people(shift: Shift, names: Mapping[str, str]) -> list[str]:
    return [names.get(username, username) for username in shift.people]


def _as_json(shift: Shift, names: Mapping[str, str]) -> dict[str, Any]:
    """over_us: when it is over at the latest. closed: somebody did."""
    return {
        "id": shift.id,
        "people": _people(shift, names),
        "coordinator": shift.coordinator,
        "workstation": shift.workstation,
        "started_us": shift.started_us,
        "over_us": shift.over_us,
        "closed": shift.ended_us is not None,
        "note": shift.note,
    }


def _watched(watched: Watched) -> dict[str, int]:
    return {"watched_us": watched.watched_us, "viewer_us": watched.viewer_us}
