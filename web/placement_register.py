"""Moving a camera: the old placement closes, the new one opens under its decision, and nothing shows until masks are
approved there. All of it in one transaction, with its audit row."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from vms.clock import Clock, now_utc
from vms.config import Camera, SiteConfig
from vms.decision_file import needs_decision
from vms.rules.decision_document import read_decision
from vms.rules.decisions import Decision, Place, covers, windows
from vms.rules.placements import Hanging, Placement, is_moved
from vms.store import Store, Transaction, decisions, masks, placements
from vms.units import us_from_utc
from web.audit_trail import Actor, AuditTrail
from web.problems import Problem, field_problem


@dataclass(frozen=True, slots=True)
class Move:
    """decision_id: under which it hangs there; None: none is needed for its purpose, or on this site."""

    placement: Placement
    area: str
    decision_id: int | None
    reason: str


class PlacementRegister:
    """Blocking (database): call from a worker thread."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._trail = trail

    def overview(self, cameras: list[Camera]) -> dict[str, Any]:
        """cameras: flex ones, as they hang now. With their history, newest first, and decisions to hang them under."""
        now_us = self._clock.now_us()
        with self._store.reading() as tx:
            past = {camera.id: placements.history(tx, camera.id) for camera in cameras}
            known = self._decisions(tx)
        zone = ZoneInfo(self._config.site.timezone)
        usable = {w.decision.id: w.decision for w in windows(known, zone) if w.end_us is None or w.end_us > now_us}
        labels = {decision.id: decision.label for decision in known}
        return {
            "now_us": now_us,
            "cameras": [
                {
                    "id": camera.id,
                    "number": camera.number,
                    "name": camera.name,
                    "needs_decision": needs_decision(self._config, camera),
                    "area": camera.area,
                    "placement": camera.placement,
                    "lat": camera.lat,
                    "lon": camera.lon,
                    "history": [_hanging(one, labels) for one in reversed(past[camera.id])],
                }
                for camera in cameras
            ],
            "areas": sorted({camera.area for camera in self._config.cameras if camera.area}),
            "decisions": [
                {"id": decision.id, "label": decision.label, "locations": list(decision.locations)}
                for decision in usable.values()
            ],
        }

    def move(self, actor: Actor, camera: Camera, wanted: Move) -> Hanging:
        """camera: as it hangs now. Raises Problem not_flex, same_place, decision_elsewhere, invalid_input."""
        if camera.kind != "flex":
            raise Problem("not_flex")
        if not is_moved(camera.placed, wanted.placement):
            raise field_problem("name", "same_place")
        now = now_utc(self._clock)
        with self._store.transaction() as tx:
            self._check_decision(tx, camera, wanted)
            if not placements.history(tx, camera.id):
                placements.add(tx, _first(camera))
            self._trail.allow_within(
                tx,
                actor,
                "placements.move",
                f"camera:{camera.id}",
                name=wanted.placement.name,
                came_from=camera.placement or camera.area,
                group=wanted.area,
                decision=wanted.decision_id,
                reason=wanted.reason,
            )
            hung = placements.add(
                tx,
                Hanging(
                    id=0,
                    camera_id=camera.id,
                    placement=wanted.placement,
                    area=wanted.area,
                    decision_id=wanted.decision_id,
                    start_us=us_from_utc(now),
                    author=actor.username,
                    reason=wanted.reason,
                ),
            )
            masks.close(tx, camera.id, "lapsed", actor.username, f"moved: {wanted.placement.name}", now, now)
        return hung

    def _check_decision(self, tx: Transaction, camera: Camera, wanted: Move) -> None:
        if wanted.decision_id is None:
            if needs_decision(self._config, camera):
                raise field_problem("decision", "decision_needed")
            return
        found = next((each for each in self._decisions(tx) if each.id == wanted.decision_id), None)
        place = wanted.placement
        there = Place(camera.id, wanted.area, place.name, place.lat, place.lon)
        if found is None or not covers(found, there):
            raise field_problem("decision", "decision_elsewhere")

    def _decisions(self, tx: Transaction) -> list[Decision]:
        zone = ZoneInfo(self._config.site.timezone)
        return [read_decision(each.document, each.decision_id, zone) for each in decisions.current(tx)]


def _first(camera: Camera) -> Hanging:
    """Where it hung before anybody moved it here: as the configuration says."""
    return Hanging(
        id=0,
        camera_id=camera.id,
        placement=camera.placed,
        area=camera.area,
        decision_id=None,
        start_us=None,
        author="",
        reason="",
    )


def _hanging(hanging: Hanging, labels: dict[int, str]) -> dict[str, Any]:
    return {
        "id": hanging.id,
        "placement": hanging.placement.name,
        "area": hanging.area,
        "lat": hanging.placement.lat,
        "lon": hanging.placement.lon,
        "decision": labels.get(hanging.decision_id or 0, ""),
        "from_us": hanging.start_us,
        "author": hanging.author,
        "reason": hanging.reason,
    }
