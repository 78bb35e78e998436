"""The threads that keep copies of the audit log, how they do, and the alarms when one falls behind."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from vms.audit_copies import AuditCopier, LogDiffers, PositionFile
from vms.config import SiteConfig
from vms.copy_targets import ReceiverBusy, open_target
from vms.errors import StorageError, StoreBusy
from vms.store import Store
from web.alarms import Alarm

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_LONGEST_REST_S = 30.0

CopyState = Literal["ok", "rejected", "failing", "differs"]
"""rejected: it goes on, but its receiver refused lines for good, and nobody accepted that yet."""


@dataclass(frozen=True, slots=True)
class CopyStatus:
    """seq: the last row that it has. problem: why it has no more, in English. rejected: lines that it misses."""

    name: str
    seq: int
    state: CopyState
    problem: str = ""
    rejected: int = 0


class CopyThread:
    """Tries again for ever: an act never waits for a copy, and a copy never gives up."""

    def __init__(self, name: str, copier: AuditCopier) -> None:
        self._copier = copier
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"audit-copy-{name}", daemon=True)
        self.status = CopyStatus(name, 0, "ok")
        self.rest_s = 0.0
        """Until its next step."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._copier.close()

    def told(self) -> CopyStatus:
        """What became of the last step; or that no more come, after an error that nobody thought of."""
        fell = self._thread.ident is not None and not self._thread.is_alive() and not self._stop.is_set()
        if not fell or self.status.state == "differs":
            return self.status
        return replace(self.status, state="failing", problem="its thread ended: see the log, and restart web")

    def look(self) -> bool:
        """One step, and what became of it; True: go on at once."""
        try:
            more = self._copier.step()
        except StoreBusy:
            self.rest_s = _LOOK_EVERY_S
            return False
        except (StorageError, LogDiffers) as error:
            self._tell("differs" if isinstance(error, LogDiffers) else "failing", str(error))
            self.rest_s = min(_LONGEST_REST_S, max(_LOOK_EVERY_S, 2 * self.rest_s))
            if isinstance(error, ReceiverBusy):
                self.rest_s = max(self.rest_s, error.retry_after_s)
            return False
        at = self._copier.position
        self._tell("rejected" if at.rejected else "ok", at.rejection)
        self.rest_s = 0.0 if more else _LOOK_EVERY_S
        return more

    def _tell(self, state: CopyState, problem: str) -> None:
        at = self._copier.position
        was, self.status = self.status, CopyStatus(self.status.name, at.seq, state, problem, at.rejected)
        if was.state == state and was.rejected == at.rejected:
            return
        if state == "ok":
            log.info("audit_copy_back", extra={"copy": was.name, "seq": at.seq})
        else:
            log.error("audit_copy_failed", extra={"copy": was.name, "state": state, "reason": problem})

    def _run(self) -> None:
        while not self._stop.wait(self.rest_s):
            self.look()


class AuditCopies:
    """All of a site's. start and stop block: call from a worker thread."""

    def __init__(self, config: SiteConfig, store: Store) -> None:
        directory = config.audit_copies_dir
        self._threads = [
            CopyThread(copy.name, AuditCopier(store, open_target(copy), PositionFile(directory / f"{copy.name}.json")))
            for copy in config.audit.copies
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        for thread in self._threads:
            thread.stop()

    def status(self) -> list[CopyStatus]:
        return [thread.told() for thread in self._threads]


def status_json(status: CopyStatus) -> dict[str, Any]:
    return asdict(status)


class CopyAlarmWatch:
    """Compares each look with the one before. Not thread-safe. What is wrong at the first look is told too."""

    def __init__(self) -> None:
        self._before: dict[str, CopyState] = {}

    def look(self, copies: Sequence[CopyStatus]) -> list[Alarm]:
        found = [alarm for copy in copies for alarm in self._of(copy)]
        self._before = {copy.name: copy.state for copy in copies}
        return found

    def _of(self, copy: CopyStatus) -> list[Alarm]:
        was = self._before.get(copy.name, "ok")
        if copy.state == was:
            return []
        if copy.state == "differs":
            nl = f"Het auditlog is niet meer wat kopie {copy.name} ervan heeft"
            en = f"The audit log is no longer what copy {copy.name} has of it"
            return [Alarm("", "audit_differs", nl, en, copy.problem)]
        if copy.state == "rejected":
            nl = f"De ontvanger van kopie {copy.name} van het auditlog weigerde regels; zij ontbreken daar"
            en = f"The receiver of copy {copy.name} of the audit log rejected lines; they are missing there"
            return [Alarm("", "audit_copy_rejected", nl, en, copy.problem)]
        if copy.state == "failing":
            nl, en = f"Kopie {copy.name} van het auditlog loopt achter", f"Copy {copy.name} of the audit log is behind"
            return [Alarm("", "audit_copy_fault", nl, en, copy.problem)]
        nl, en = f"Kopie {copy.name} van het auditlog is weer bij", f"Copy {copy.name} of the audit log is up to date"
        return [Alarm("", "audit_copy_back", nl, en)]
