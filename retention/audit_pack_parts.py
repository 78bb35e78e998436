"""What an auditor gets of a period: rows of the audit log that are in it whole, and the registers beside them."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from vms.rules.oversight import LOOKS_BACK
from vms.rules.sampling import draw
from vms.store import (
    Transaction,
    audit,
    audit_search,
    decisions,
    grants,
    holds,
    masks,
    oversight,
    requests,
    terms,
    users,
)
from vms.store.audit import AuditRecord
from vms.store.audit_search import AuditSearch
from vms.store.grants import GivenGrant
from vms.units import utc_from_us

AUTHORISATIONS: Final = frozenset(
    {"users.add", "users.disable", "users.enable", "users.password", "users.roles", "tokens.add", "tokens.revoke"}
    | {"users.grant", "users.revoke", "users.external", "users.first", "users.totp-reset", "login.break_glass"}
    | {"crossings.give", "crossings.withdraw"}
)
DISCLOSURES: Final = frozenset(
    {"requests.ask", "requests.decide", "requests.receipt", "requests.export", "bundles.make", "masks.lift"}
    | {"export.create", "export.cancel", "export.download", "footage.export", "footage.download"}
)
OVERSEEN: Final = frozenset({"audit.review", "audit.alert", "audit.accept", "audit.export", "audit.pack"})
_CONSULTATION_LASTS = timedelta(hours=4)
_MOST_LOOKS = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """seed: given by the auditor, or the hash of the period's last row. rows: consultations, with what followed."""

    seed: str
    drawn_from: int
    consultations: list[int]
    rows: list[AuditRecord]


@dataclass(frozen=True, slots=True)
class Parts:
    """rows: by file, of the audit log. registers: by file, what the database says beside it.

    Authorisations are told from the beginning: who may do what follows from all of them.
    """

    rows: Mapping[str, list[AuditRecord]]
    registers: Mapping[str, Any]
    sample: Sample
    figures: list[tuple[str, str, int]]


def gather(tx: Transaction, start: datetime, end: datetime, size: int, seed: str, sealed: int) -> Parts:
    """sealed: the last row under a seal. What others wrote since has no proof yet, and is for a later pack."""
    sample = _sampled(tx, start, end, size, seed, sealed)
    rows = {
        "autorisaties.jsonl": audit_search.of_actions(tx, AUTHORISATIONS, None, end),
        "steekproef.jsonl": sample.rows,
        "verstrekkingen.jsonl": audit_search.of_actions(tx, DISCLOSURES, start, end),
        "toezicht.jsonl": audit_search.of_actions(tx, OVERSEEN, start, end),
    }
    return Parts(
        rows={name: [row for row in found if row.seq <= sealed] for name, found in rows.items()},
        registers={
            "accounts.json": _accounts(tx),
            "verzoeken.json": _told(requests.between(tx, start, end)),
            "veiligstellingen.json": _told(one for one in holds.everything(tx) if one.created_at < end),
            "maskers.json": _masks(tx),
            "besluiten.json": _decisions(tx),
            "toezicht.json": {
                "controles": _told(oversight.reviews_between(tx, start, end)),
                "signalen": _told(oversight.alerts_between(tx, start, end)),
            },
        },
        sample=sample,
        figures=audit_search.figures(tx, start, end, sealed),
    )


def _sampled(tx: Transaction, start: datetime, end: datetime, size: int, seed: str, sealed: int) -> Sample:
    bounds = audit_search.span(tx, start, end)
    seed = seed or ((audit.hash_at(tx, min(bounds[1], sealed)) or "") if bounds else "")
    asked = AuditSearch(action="footage.consult", result="allowed", start=start, end=end)
    everybodys = [one for one in audit_search.numbers(tx, asked) if one[0] <= sealed]
    drawn = draw(seed, everybodys, size)
    rows: dict[int, AuditRecord] = {}
    for consultation in audit_search.by_seq(tx, drawn):
        rows[consultation.seq] = consultation
        rows.update((one.seq, one) for one in _under(tx, consultation))
    return Sample(seed, len(everybodys), drawn, [rows[seq] for seq in sorted(rows)])


def _under(tx: Transaction, consultation: AuditRecord) -> list[AuditRecord]:
    """What was looked at for that case by that person while it ran."""
    entry = consultation.entry
    search = AuditSearch(exactly=entry.actor, start=entry.at, end=entry.at + _CONSULTATION_LASTS)
    reference = entry.object.partition(":")[2]
    found = audit_search.newest(tx, 10 * _MOST_LOOKS, None, search)
    looks = [one for one in found if one.entry.action in LOOKS_BACK and one.entry.detail.get("reference") == reference]
    return looks[-_MOST_LOOKS:]


def _accounts(tx: Transaction) -> dict[str, Any]:
    """As they are now, without anything to sign in with."""
    return {
        "personen": [
            {
                "naam": user.username,
                "weergave": user.display_name,
                "rollen": list(user.roles),
                "actief": user.active,
                "noodaccount": user.is_break_glass,
            }
            for user in users.all_users(tx)
        ],
        "machines": [
            {
                "naam": token.name,
                "rollen": list(token.roles),
                "tot": _plain(token.expires_at),
                "ingetrokken": _plain(token.revoked_at),
            }
            for token in users.all_tokens(tx)
        ],
        "toekenningen": [_grant(holder, one) for holder, given in grants.register(tx).items() for one in given],
    }


def _grant(holder: str, given: GivenGrant) -> dict[str, Any]:
    """From its first one on, a holder has that role only as granted. Without a role: see vms.rules.crossings."""
    grant = given.grant
    return {
        "houder": holder,
        "nummer": grant.id,
        "rol": grant.role,
        "groep": grant.group,
        "doel": grant.purpose,
        "vanaf": _moment(grant.start_us),
        "tot": _moment(grant.end_us),
        "ingetrokken": _moment(grant.revoked_us),
        "gegeven_door": given.by,
        "grondslag": given.reason,
    }


def purposes_register(tx: Transaction, bases: Mapping[str, str]) -> dict[str, Any]:
    """Each purpose with its legal basis, and which retention term acted on which camera's footage, from when on."""
    acted = [
        {
            "camera": one.camera_id,
            "doel": one.purpose,
            "dagen": one.days,
            "vanaf": _plain(one.since),
            "tot": _plain(one.until),
        }
        for one in terms.history(tx)
    ]
    return {"grondslagen": dict(bases), "bewaartermijnen": acted}


def _masks(tx: Transaction) -> list[dict[str, Any]]:
    found = []
    for camera in masks.cameras(tx):
        made = masks.created_at(tx, camera)
        versions = [
            {
                "versie": one.version,
                "maskers": len(one.masks),
                "tekenaar": one.author,
                "vastgesteld_door": one.approver,
                "gemaakt": _plain(made.get(one.version)),
                "geldt_vanaf": _plain(one.valid_from),
                "reden": one.reason,
                "sluit_af": one.closes,
            }
            for one in masks.history(tx, camera)
        ]
        found.append({"camera": camera, "versies": versions, "stappen": _told(masks.steps(tx, camera))})
    return found


def _decisions(tx: Transaction) -> list[dict[str, Any]]:
    return [
        {"besluit": one.decision_id, "versies": _told(decisions.history(tx, one.decision_id))}
        for one in decisions.current(tx)
    ]


def _moment(at_us: int | None) -> str | None:
    return None if at_us is None else utc_from_us(at_us).isoformat()


def _told(values: Iterable[Any]) -> list[Any]:
    return [_plain(dataclasses.asdict(one)) for one in values]


def _plain(value: Any) -> Any:
    """Texts, numbers, lists and mappings."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value
