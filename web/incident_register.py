"""The observers' incident register as people use it: registered once, followed up, closed; each change audited."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.rules.follow_trail import TrailStep
from vms.rules.incident_figures import YearBook, lines
from vms.rules.incidents import (
    Incident,
    NewIncident,
    category_problem,
    counted,
    first_status,
    follow_up_problem,
    local_year,
    refuse_change,
    time_problem,
)
from vms.rules.shifts import months
from vms.store import Store, Transaction, incident_categories, incidents, trails
from vms.store.incidents import Sent, Wanted
from vms.units import utc_from_us
from web.audit_trail import Actor, AuditTrail
from web.incident_json import figures_json
from web.problems import TEXTS, Problem
from web.reach import Reach
from web.shift_book import ShiftBook

PAGE = 100


class IncidentRegister:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(
        self, config: SiteConfig, store: Store, clock: Clock, trail: AuditTrail, reach: Reach, shifts: ShiftBook
    ) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._reach = reach
        self._shifts = shifts
        self.zone = ZoneInfo(config.site.timezone)

    def register(self, actor: Actor, given: NewIncident, trail_id: int | None, key: str | None) -> Incident:
        """trail_id: of the actor's own; it is copied. key: what was sent under it before is answered again.

        Raises Problem, with all that is wrong at its field.
        """
        sent = Sent(key, _hash(given, trail_id)) if key else None
        shift = self._shifts.current(actor.username)
        now_us = self._clock.now_us()
        with self._store.transaction() as tx:
            if sent and (known := incidents.sent_before(tx, actor.username, sent.key)):
                if known[1] != sent.hash:
                    raise Problem("key_reused", extra={"incident": known[0].id})
                return known[0]
            steps, wrong = self._steps(tx, actor, trail_id)
            wrong |= self._wrong(tx, given)
            if late := time_problem(given.at_us, now_us):
                wrong["at_us"] = late
            _refuse(wrong)
            new = replace(
                given, trail=steps, follow_ups=counted(given.follow_ups), shift_id=shift.id if shift else None
            )
            made = incidents.add(tx, new, first_status(new.follow_ups), now_utc(self._clock), sent)
            self._trail.allow_within(tx, actor, "incidents.write", f"incident:{made.id}", **_told(tx, made))
        return made

    def change(self, actor: Actor, incident_id: int, revision: int, fields: Mapping[str, Any]) -> Incident:
        """fields: what shall be otherwise. Raises Problem not_found, forbidden, incident_changed, incident_closed …"""
        self.one(actor, "incidents.write", incident_id)
        with self._store.transaction() as tx:
            current = incidents.get(tx, incident_id)
            assert current is not None  # rows stay
            changed = replace(current, **fields)
            refusal = refuse_change(current.status, changed.status)
            if refusal is not None:
                raise Problem(refusal)
            if current.revision != revision:
                raise Problem("incident_changed")
            _refuse(self._wrong(tx, changed, current.category_id))
            changed = replace(changed, follow_ups=counted(changed.follow_ups))
            told = _told(tx, changed)
            self._trail.allow_within(tx, actor, "incidents.change", f"incident:{incident_id}", **told)
            return incidents.change(tx, changed, actor.username, now_utc(self._clock))

    def one(self, actor: Actor, action: Any, incident_id: int) -> Incident:
        """Raises Problem not_found, or forbidden for a camera out of reach."""
        with self._store.reading() as tx:
            found = incidents.get(tx, incident_id)
        if found is None:
            raise Problem("not_found")
        for camera in found.cameras:
            self._reach.require(actor, action, camera)
        return self._shown(actor, found)

    def newest(self, actor: Actor, wanted: Wanted, before_id: int | None) -> tuple[list[Incident], int | None]:
        """What this person may see of a page, and the id to go on before; None: that was all."""
        with self._store.reading() as tx:
            found = incidents.newest(tx, wanted, PAGE, before_id)
        return self.within_reach(actor, found), found[-1].id if len(found) == PAGE else None

    def within_reach(self, actor: Actor, found: Iterable[Incident]) -> list[Incident]:
        """Those of which every camera is; steps of their trails that are not are left out."""
        seen = [each for each in found if self._reach.may_all(actor, "incidents.read", each.cameras)]
        return [self._shown(actor, each) for each in seen]

    def figures(self, actor: Actor, year: int) -> dict[str, Any]:
        """Of a local year. Who reaches a part of the cameras gets the incidents at those, and no printed tables."""
        with self._store.reading() as tx:
            categories = incident_categories.all_(tx)
            this, last = (self._book(tx, actor, each) for each in (year, year - 1))
        return figures_json(year, lines(year, categories, this, last))

    def _book(self, tx: Transaction, actor: Actor, year: int) -> YearBook:
        bounds = months(year, self.zone)
        start, end = utc_from_us(bounds[0][0]), utc_from_us(bounds[-1][1])
        only = None
        if actor.limited:
            at = incidents.cameras_between(tx, start, end)
            only = {each for each, cameras in at.items() if self._reach.may_all(actor, "incidents.read", cameras)}
        tallies = incidents.tallies(tx, start, end, only)
        return YearBook(tallies, {} if actor.limited else incident_categories.printed(tx, year), bool(tallies))

    def _shown(self, actor: Actor, incident: Incident) -> Incident:
        steps = [step for step in incident.trail if self._reach.may_all(actor, "incidents.read", [step.camera_id])]
        return replace(incident, trail=tuple(steps))

    def _steps(
        self, tx: Transaction, actor: Actor, trail_id: int | None
    ) -> tuple[tuple[TrailStep, ...], dict[str, str]]:
        if trail_id is None:
            return (), {}
        found = trails.of(tx, trail_id)
        if found is None or found.owner != actor.username:
            return (), {"trail": "trail_not_yours"}
        return found.steps, {}

    def _wrong(self, tx: Transaction, incident: NewIncident, kept_category: int | None = None) -> dict[str, str]:
        """Codes by field. kept_category: the one it has, which may have ended since."""
        wrong: dict[str, str] = {}
        if incident.category_id != kept_category:
            category = incident_categories.get(tx, incident.category_id) if incident.category_id else None
            code = category_problem(category, bool(incident.category_id), local_year(incident.at_us, self.zone))
            if code:
                wrong["category"] = code
        if problem := follow_up_problem(incident.follow_ups):
            wrong["follow_ups"] = problem
        return wrong


def _refuse(wrong: Mapping[str, str]) -> None:
    if wrong:
        fields = {field: {"nl": TEXTS[code][1], "en": TEXTS[code][2]} for field, code in wrong.items()}
        raise Problem("invalid_input", fields=fields)


def _told(tx: Transaction, incident: Incident) -> dict[str, str | int | None]:
    """For the audit log: without the note."""
    category = incident_categories.get(tx, incident.category_id)
    return {
        "cameras": ",".join(incident.cameras),
        "category": category.name if category else "",
        "follow_ups": ", ".join(f"{kind} {count}" for kind, count in incident.follow_ups.items()),
        "at_us": incident.at_us,
        "status": incident.status,
    }


def _hash(given: NewIncident, trail_id: int | None) -> str:
    content = [
        given.at_us, given.cameras, trail_id, given.category_id, given.first_seen, given.requester,
        sorted(given.follow_ups.items()), given.note, given.project,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
