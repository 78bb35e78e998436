"""Who did what: written before it happens. No audit row, no picture."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vms.clock import Clock, now_utc
from vms.errors import StoreBusy
from vms.rules.access import Action, Allow, Deny, decide_at_all
from vms.rules.grants import Grant, Rights
from vms.store import Store, Transaction, audit
from vms.store.audit import AuditEntry, AuditResult
from web.problems import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person or machine.

    login_key: SHA-256 of the session's or token's secret: tells two logins of one person apart.
    csrf_token: empty for bearer tokens, which no browser sends by itself.
    scope: the actions that a bearer token is narrowed to; None = all of its roles.
    limited: which of the roles are for some cameras only.
    """

    username: str
    display_name: str
    roles: frozenset[str]
    workstation: str
    login_key: str
    csrf_token: str = ""
    scope: frozenset[str] | None = None
    limited: tuple[Grant, ...] = ()
    named: tuple[Grant, ...] = ()

    @property
    def rights(self) -> Rights:
        everywhere = self.roles - {grant.role for grant in self.limited}
        return Rights(everywhere, self.limited, self.scope, is_machine=not self.by_cookie, named=self.named)

    @property
    def by_cookie(self) -> bool:
        return self.csrf_token != ""

    def may(self, action: Action) -> Allow | Deny:
        """For one camera at least."""
        return decide_at_all(self.rights, action)


class AuditTrail:
    """Blocking (database): call from a worker thread. Thread-safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def allow(self, actor: Actor, action: str, object_: str, **detail: str | int | None) -> None:
        """Call before the act. Raises Problem audit_unavailable: then the act must not happen."""
        try:
            self._write(actor.username, actor.roles, actor.workstation, action, object_, "allowed", detail)
        except StoreBusy as error:
            log.error("audit_not_written", extra={"action": action, "object": object_, "reason": str(error)})
            raise Problem("audit_unavailable", headers={"Retry-After": "5"}) from error

    def allow_within(
        self, tx: Transaction, actor: Actor, action: str, object_: str, **detail: str | int | None
    ) -> None:
        """In the transaction of the act itself: both are written, or neither."""
        audit.append(
            tx, self._entry(actor.username, actor.roles, actor.workstation, action, object_, "allowed", detail)
        )

    def refuse(self, actor: Actor, action: str, object_: str, **detail: str | int | None) -> None:
        """The refusal stands, written or not."""
        self.refuse_name(actor.username, actor.roles, actor.workstation, action, object_, **detail)

    def refuse_name(
        self,
        username: str,
        roles: Collection[str],
        workstation: str,
        action: str,
        object_: str,
        **detail: str | int | None,
    ) -> None:
        """The same for somebody who is not signed in."""
        try:
            self._write(username, roles, workstation, action, object_, "refused", detail)
        except StoreBusy as error:
            log.error("audit_not_written", extra={"action": action, "object": object_, "reason": str(error)})

    def _write(
        self,
        username: str,
        roles: Collection[str],
        workstation: str,
        action: str,
        object_: str,
        result: AuditResult,
        detail: dict[str, str | int | None],
    ) -> None:
        entry = self._entry(username, roles, workstation, action, object_, result, detail)
        with self._store.transaction() as tx:
            audit.append(tx, entry)

    def _entry(
        self,
        username: str,
        roles: Collection[str],
        workstation: str,
        action: str,
        object_: str,
        result: AuditResult,
        detail: dict[str, str | int | None],
    ) -> AuditEntry:
        return AuditEntry(
            at=now_utc(self._clock),
            actor=username,
            roles=_sorted(roles),
            action=action,
            object=object_,
            result=result,
            detail=detail,
            workstation=workstation,
        )


def _sorted(roles: Collection[str]) -> Sequence[str]:
    return tuple(sorted(roles))
