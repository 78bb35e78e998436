"""Letting somebody see another purpose's cameras for some hours, on a recorded basis; and ending that."""

from typing import Any

from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.rules.access import SEEING, Allow, decide_at_all
from vms.rules.crossings import CrossingWish, crossing, refuse_crossing
from vms.rules.grants import Grant
from vms.rules.terms import PUBLIC_ORDER
from vms.store import Store, Transaction, grants, users
from vms.store.grants import GivenGrant
from web.audit_trail import Actor, AuditTrail
from web.problems import TEXTS, Problem, field_problem


class CrossingRegister:
    """Blocking (database): call from a worker thread."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._trail = trail

    def overview(self) -> dict[str, Any]:
        """All that were ever given, the newest first, and for what one can be given."""
        now_us = self._clock.now_us()
        with self._store.reading() as tx:
            given = [(holder, one) for holder, found in grants.register(tx).items() for one in found]
        crossings = [(holder, one) for holder, one in given if not one.grant.role]
        crossings.sort(key=lambda pair: pair[1].grant.id, reverse=True)
        return {
            "crossings": [_told(holder, one, now_us) for holder, one in crossings],
            "purposes": self._purposes,
            "groups": self._groups,
            "bases": {purpose: basis for purpose, basis in self._bases() if basis},
        }

    def give(self, actor: Actor, name: str, wish: CrossingWish) -> Grant:
        """Raises Problem."""
        now_us = self._clock.now_us()
        faults = refuse_crossing(wish, actor.username, name, self._purposes, self._groups)
        if "holder" in faults:
            self._trail.refuse(actor, "crossings.give", f"user:{name}", reason=faults["holder"])
        if faults:
            fields = {field: {"nl": TEXTS[code][1], "en": TEXTS[code][2]} for field, code in faults.items()}
            raise Problem(next(iter(faults.values())), fields=fields)
        with self._store.transaction() as tx:
            self._require_viewer(tx, name)
            given = grants.give(tx, name, crossing(wish, now_us), actor.username, now_utc(self._clock), wish.basis)
            self._trail.allow_within(tx, actor, "crossings.give", f"user:{name}", **_detail(given), basis=wish.basis)
        return given

    def withdraw(self, actor: Actor, crossing_id: int) -> None:
        """Now; open pictures end within seconds. Raises Problem."""
        now = now_utc(self._clock)
        with self._store.transaction() as tx:
            found = grants.by_id(tx, crossing_id)
            if found is None or found[1].role:
                raise Problem("not_found")
            holder, known = found
            if known.is_over(self._clock.now_us()):
                raise Problem("crossing_ended")
            [revoked] = grants.revoke(tx, holder, [crossing_id], actor.username, now)
            self._trail.allow_within(tx, actor, "crossings.withdraw", f"user:{holder}", **_detail(revoked))

    def _require_viewer(self, tx: Transaction, name: str) -> None:
        """A crossing gives no role: who has none that sees would see nothing by it. Raises Problem."""
        user = users.by_name(tx, name)
        if user is None or not user.active:
            raise field_problem("holder", "crossing_account")
        rights = grants.rights_of(tx, user.username, user.roles, now_utc(self._clock))
        if not any(isinstance(decide_at_all(rights, action), Allow) for action in SEEING):
            raise field_problem("holder", "crossing_role")

    @property
    def _purposes(self) -> list[str]:
        """Those that cameras have, beside the site's own."""
        return sorted({camera.purpose for camera in self._config.cameras} - {PUBLIC_ORDER})

    @property
    def _groups(self) -> list[str]:
        return sorted({c.area for c in self._config.cameras if c.area and c.purpose != PUBLIC_ORDER})

    def _bases(self) -> list[tuple[str, str]]:
        return [(purpose, rules.basis if rules else "") for purpose, rules in self._config.purposes.all()]


def _detail(grant: Grant) -> dict[str, str | int | None]:
    """For the audit row; `crossing` as every row of its use names it."""
    return {
        "crossing": grant.id,
        "group": grant.group,
        "purpose": grant.purpose,
        "from_us": grant.start_us,
        "to_us": grant.end_us,
    }


def _told(holder: str, one: GivenGrant, now_us: int) -> dict[str, Any]:
    grant = one.grant
    over = "over" if grant.is_over(now_us) else "holds"
    return {
        "id": grant.id,
        "holder": holder,
        "purpose": grant.purpose,
        "group": grant.group,
        "from_us": grant.start_us,
        "to_us": grant.end_us,
        "basis": one.reason,
        "given_by": one.by,
        "revoked_us": grant.revoked_us,
        "revoked_by": one.revoked_by,
        "state": "revoked" if grant.revoked_us is not None else over,
    }
