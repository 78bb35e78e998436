"""The register of decisions as the web process has it: what it says, what each camera may do, changes to it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock, now_utc
from vms.config import Camera, SiteConfig
from vms.decision_file import DecisionBook, needs_decision, place_of
from vms.decision_register import DecisionPublisher
from vms.errors import StorageError, StoreBusy
from vms.rules.decision_document import DecisionProblems, read_decision, unclear
from vms.rules.decisions import Decision, Window, covers, windows
from vms.rules.gating import Gate, expiry_warning
from vms.store import Store, decisions
from vms.store.decisions import SignCheck, WrittenDecision
from web.camera_state import gate_json
from web.problems import Problem

log = logging.getLogger(__name__)

_REFUSALS = {"pending": "decision_pending", "expired": "decision_expired"}


class DecisionBoard:
    """gate() and require_open() cost nothing; what else is here is blocking (database, disk)."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(config.site.timezone)
        self._book = DecisionBook(config)
        self._publisher = DecisionPublisher(config, store)

    def gate(self, camera_id: str) -> Gate:
        return self._book.gate(camera_id, self._clock.now_us())

    def now(self, camera: Camera) -> Camera:
        """As it hangs now; costs nothing."""
        return self._book.placements.now(camera)

    def require_open(self, camera_id: str) -> None:
        """Raises Problem decision_pending, decision_expired, decision_missing."""
        gate = self.gate(camera_id)
        if not gate.is_open:
            extra = {"decision": gate.number, "since_us": gate.since_us}
            raise Problem(_REFUSALS.get(gate.state, "decision_missing"), extra=extra)

    def open(self) -> None:
        """Before anything is served: a web process that starts must not call closed what is open."""
        self._book.refresh()

    async def watch(self) -> None:
        """Once a second: what others wrote into the register, and what they made of the file."""
        await run_in_threadpool(self.refresh)

    def refresh(self) -> None:
        """A database that is away changes nothing: what was known holds."""
        try:
            self._publisher.publish()
        except (StoreBusy, StorageError) as error:
            log.warning("decisions_not_published", extra={"detail": str(error)})
        self._book.refresh()

    def add(self, document: Mapping[str, Any], author: str) -> WrittenDecision:
        """Raises Problem invalid_input, StoreBusy."""
        self._check(document)
        with self._store.transaction() as tx:
            written = decisions.add(tx, document, author, now_utc(self._clock))
        self.refresh()
        return written

    def revise(self, decision_id: int, changes: Mapping[str, Any], author: str, reason: str) -> WrittenDecision:
        """Raises Problem not_found, invalid_input; StoreBusy."""
        with self._store.transaction() as tx:
            known = decisions.history(tx, decision_id)
            if not known:
                raise Problem("not_found")
            document = {**known[-1].document, **changes}
            self._check(document)
            written = decisions.revise(tx, decision_id, document, author, now_utc(self._clock), reason)
        self.refresh()
        return written

    def history(self, decision_id: int) -> list[WrittenDecision]:
        """Oldest first. Raises Problem not_found, StoreBusy."""
        with self._store.reading() as tx:
            found = decisions.history(tx, decision_id)
        if not found:
            raise Problem("not_found")
        return found

    def check_signs(self, check: SignCheck) -> None:
        with self._store.transaction() as tx:
            decisions.add_sign_check(tx, check, now_utc(self._clock))

    def overview(self, sees: Callable[[str], bool]) -> dict[str, Any]:
        """sees: whether this camera may be named. Raises StoreBusy."""
        self.refresh()  # what others wrote a moment ago is in the decisions, so it has to be in the gates
        with self._store.reading() as tx:
            written = decisions.current(tx)
            signs = decisions.last_sign_checks(tx)
        read = [read_decision(each.document, each.decision_id, self._zone) for each in written]
        held: dict[int, list[Window]] = {decision.id: [] for decision in read}
        for window in windows(read, self._zone):
            held[window.decision.id].append(window)
        return {
            "enforce": self._config.decisions.enforce,
            "now_us": self._clock.now_us(),
            "decisions": [
                self._decision(each, decision, held[decision.id], sees)
                for each, decision in zip(written, read, strict=True)
            ],
            "areas": self._areas(signs, sees),
        }

    def _decision(
        self, written: WrittenDecision, decision: Decision, held: list[Window], sees: Callable[[str], bool]
    ) -> dict[str, Any]:
        now_us = self._clock.now_us()
        now = [window for window in held if window.holds(now_us)]
        return {
            "id": decision.id,
            "label": decision.label,
            "version": written.version,
            "document": written.document,
            "state": _state(decision, held, now_us),
            "windows": [{"from_us": window.start_us, "to_us": window.end_us} for window in held],
            "warning": next((found for window in now if (found := expiry_warning(window, now_us))), None),
            "cameras": [
                camera.id
                for camera in map(self.now, self._config.cameras)
                if sees(camera.id) and covers(decision, place_of(camera))
            ],
            "unclear": unclear(written.document, decision, self._zone),
        }

    def _areas(self, signs: Mapping[str, SignCheck], sees: Callable[[str], bool]) -> list[dict[str, Any]]:
        """Areas by name, with what each camera there may do, and when somebody last looked at the signs."""
        hanging = map(self.now, self._config.cameras)
        shown = [camera for camera in hanging if camera.purpose == "public_order" and sees(camera.id)]
        return [
            {
                "name": name,
                "cameras": self._cameras_of([camera for camera in shown if camera.area == name]),
                "signs": _signs(signs.get(name)),
            }
            for name in sorted({camera.area for camera in shown})
        ]

    def _cameras_of(self, cameras: Sequence[Camera]) -> list[dict[str, Any]]:
        return [
            {"id": camera.id, "number": camera.number, "name": camera.name, **gate_json(self.gate(camera.id))}
            | {"needs_decision": needs_decision(self._config, camera)}
            for camera in cameras
        ]

    def _check(self, document: Mapping[str, Any]) -> None:
        """Raises Problem invalid_input."""
        try:
            decision = read_decision(document, 0, self._zone)
        except DecisionProblems as error:
            raise Problem("invalid_input", detail=str(error)[:2000]) from error
        unknown = [camera for camera in decision.cameras if self._config.camera(camera) is None]
        if unknown:
            raise Problem("invalid_input", detail=f"cameras: {', '.join(unknown)[:200]}: not in the configuration")


def _signs(check: SignCheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {"checked_on": check.checked_on.isoformat(), "note": check.note, "author": check.author}


def _state(decision: Decision, held: list[Window], now_us: int) -> str:
    if decision.kind == "withdrawal":
        return "order"
    if not held:
        return "never"
    if any(window.holds(now_us) for window in held):
        return "active"
    if any(window.start_us > now_us for window in held):
        return "pending"
    printed = [period.end_us for period in decision.periods]
    return "expired" if max(window.end_us or 0 for window in held) in printed else "withdrawn"
