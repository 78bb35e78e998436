"""Who holds which roles, for which cameras and how long; giving one and withdrawing it, each with its audit row."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.config.purposes import PURPOSES
from vms.rules.access import ROLES
from vms.rules.granting import GrantWish, read_wish, refuse_giving
from vms.rules.grants import Grant
from vms.store import Store, Transaction, grants, users
from vms.store.grants import GivenGrant
from vms.store.users import User
from web.audit_trail import Actor, AuditTrail
from web.problems import TEXTS, Problem, field_problem


class GrantRegister:
    """Blocking (database): call from a worker thread."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._trail = trail

    def overview(self) -> dict[str, Any]:
        """Every account with what it was ever given, and what can be given. Of tokens: `vms users grants`."""
        now_us = self._clock.now_us()
        with self._store.reading() as tx:
            accounts, given = users.all_users(tx), grants.register(tx)
        return {
            "users": [_account(user, _roles_of(given, user.username), now_us) for user in accounts],
            "roles": list(ROLES),
            "groups": self._groups,
            "purposes": list(PURPOSES),
        }

    def give(self, actor: Actor, name: str, wish: GrantWish, reason: str) -> Grant:
        """Raises Problem."""
        now = now_utc(self._clock)
        refusal = refuse_giving(actor.username, name)
        if refusal is not None:
            self._trail.refuse(actor, "users.grant", f"user:{name}", reason=refusal)
            raise Problem(refusal)
        zone = ZoneInfo(self._config.site.timezone)
        wanted = read_wish(wish, self._groups, PURPOSES, zone, self._clock.now_us())
        faults: dict[str, str] = (
            {} if isinstance(wanted, Grant) else {str(field): code for field, code in wanted.items()}
        )
        if isinstance(wanted, Grant) and wanted.is_over(self._clock.now_us()):
            faults["until"] = "grant_past"
        if not reason:
            faults["reason"] = "reason_missing"
        if faults or not isinstance(wanted, Grant):
            raise _faulty(faults)
        with self._store.transaction() as tx:
            _require_account(tx, name)
            given = grants.give(tx, name, wanted, actor.username, now, reason)
            self._trail.allow_within(tx, actor, "users.grant", f"user:{name}", **grants.detail_of(given), reason=reason)
        return given

    def withdraw(self, actor: Actor, name: str, grant_id: int, reason: str) -> None:
        """Now; open pictures end within seconds. Raises Problem."""
        if not reason:
            raise field_problem("reason", "reason_missing")
        now = now_utc(self._clock)
        with self._store.transaction() as tx:
            _require_account(tx, name)
            known = next((one for one in grants.of(tx, name) if one.id == grant_id), None)
            if known is None:
                raise Problem("not_found")
            if known.is_over(self._clock.now_us()):
                raise Problem("grant_ended")
            [revoked] = grants.revoke(tx, name, [grant_id], actor.username, now)
            self._trail.allow_within(
                tx, actor, "users.revoke", f"user:{name}", **grants.detail_of(revoked), reason=reason
            )

    @property
    def _groups(self) -> list[str]:
        return sorted({camera.area for camera in self._config.cameras if camera.area})


def _roles_of(given: Mapping[str, Sequence[GivenGrant]], name: str) -> list[GivenGrant]:
    """Without crossings, which give no role: those are at /toezicht."""
    return [one for one in given.get(name, []) if one.grant.role]


def _require_account(tx: Transaction, name: str) -> None:
    if users.by_name(tx, name) is None:
        raise Problem("unknown_account")


def _faulty(faults: dict[str, str]) -> Problem:
    """Each beside its field; the first one's code is the answer's."""
    fields = {field: {"nl": TEXTS[code][1], "en": TEXTS[code][2]} for field, code in faults.items()}
    return Problem(next(iter(faults.values())), fields=fields)


def _account(user: User, given: Sequence[GivenGrant], now_us: int) -> dict[str, Any]:
    return {
        "username": user.username,
        "display_name": user.display_name,
        "roles": list(user.roles),
        "active": user.active,
        "is_break_glass": user.is_break_glass,
        "is_local": user.external_id is None,
        "grants": [_given(one, now_us) for one in reversed(given)],
    }


def _given(one: GivenGrant, now_us: int) -> dict[str, Any]:
    grant = one.grant
    return {
        "id": grant.id,
        "role": grant.role,
        "group": grant.group,
        "purpose": grant.purpose,
        "from_us": grant.start_us,
        "to_us": grant.end_us,
        "given_by": one.by,
        "given_us": one.given_us,
        "reason": one.reason,
        "revoked_us": grant.revoked_us,
        "revoked_by": one.revoked_by,
        "state": _state(grant, now_us),
    }


def _state(grant: Grant, now_us: int) -> str:
    if grant.revoked_us is not None:
        return "revoked"
    if grant.is_over(now_us):
        return "over"
    return "holds" if grant.holds(now_us) else "later"
