"""The audit log: append-only and hash-chained. A row is written before its act is allowed to happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from vms.rules.chain import GENESIS, entry_hash
from vms.store.schema import AuditRow
from vms.units import us_from_utc

AuditResult = Literal["allowed", "refused"]
Detail = Mapping[str, str | int | None]

SEVERAL = "*"
"""In place of a camera's id: the act was about more than one."""
_PAGE = 2000
_COLUMNS = (
    AuditRow.seq,
    AuditRow.at,
    AuditRow.actor,
    AuditRow.roles,
    AuditRow.action,
    AuditRow.object,
    AuditRow.result,
    AuditRow.detail,
    AuditRow.workstation,
    AuditRow.camera,
    AuditRow.prev_hash,
    AuditRow.hash,
)


_TABLE = AuditRow.metadata.tables[AuditRow.__tablename__]
_INSERT = insert(_TABLE)
_NEWEST = select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)
"""Without the mapper: each act waits for these two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """object: `camera:markt-01`, `segment:12`, `user:j.jansen`. detail: texts and integers only."""

    at: datetime
    actor: str
    roles: Sequence[str]
    action: str
    object: str
    result: AuditResult
    detail: Detail
    workstation: str = ""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it stands in the log."""

    seq: int
    entry: AuditEntry
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Link:
    """A row's number and hash: enough to tell whether what comes after it is what came after it then."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """seq: the row that is not what was written, or the first one that is gone."""

    seq: int
    text: str

    def __str__(self) -> str:
        return f"audit {self.seq}: {self.text}"


def append(tx: Session, entry: AuditEntry) -> int:
    """Add a row and return its number. Texts longer than their column are cut, so hostile input cannot stop it."""
    last = head(tx)
    row: dict[str, Any] = {
        "seq": last.seq + 1,
        "at": entry.at,
        "actor": _fit(entry.actor, 80),
        "roles": sorted(entry.roles),
        "action": _fit(entry.action, 40),
        "object": _fit(entry.object, 120),
        "result": entry.result,
        "detail": {key: _fit(value, 500) if isinstance(value, str) else value for key, value in entry.detail.items()},
        "workstation": _fit(entry.workstation, 80),
    }
    row["camera"] = camera_of(row["object"], row["detail"])
    row["prev_hash"] = last.hash
    row["hash"] = entry_hash(last.hash, _hashed(row))
    tx.connection().execute(_INSERT, row)
    return last.seq + 1


def head(tx: Session) -> Link:
    """The newest row; the beginning when there is none."""
    last = tx.connection().execute(_NEWEST).first()
    return Link(*last) if last else Link()


def hash_at(tx: Session, seq: int) -> str | None:
    """Of that row; None when it is not there. Of row 0: what the first row builds on."""
    return GENESIS if seq == 0 else tx.scalar(select(AuditRow.hash).where(AuditRow.seq == seq))


def hashes(tx: Session, first_seq: int, last_seq: int) -> dict[int, str]:
    """By number, of these rows as far as they are there."""
    rows = select(AuditRow.seq, AuditRow.hash).where(AuditRow.seq >= first_seq, AuditRow.seq <= last_seq)
    return {row.seq: row.hash for row in tx.execute(rows)}


def after(tx: Session, seq: int, limit: int) -> list[AuditRecord]:
    """The rows after that one, in order."""
    return [
        record_of(row)
        for row in tx.scalars(select(AuditRow).where(AuditRow.seq > seq).order_by(AuditRow.seq).limit(limit))
    ]


def newest(tx: Session, limit: int, before_seq: int | None = None) -> list[AuditRecord]:
    """Newest first; with a question: vms.store.audit_search."""
    rows = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    return [record_of(row) for row in tx.scalars(rows if before_seq is None else rows.where(AuditRow.seq < before_seq))]


def verify(tx: Session) -> list[AuditFinding]:
    """One finding per break of the chain, naming the row; empty = whole. What was cut off its end, seals tell."""
    findings: list[AuditFinding] = []
    last: Link | None = Link()
    while last is not None:
        found, last = verify_page(tx, last)
        findings += found
    return findings


def verify_page(tx: Session, last: Link) -> tuple[list[AuditFinding], Link | None]:
    """The rows that follow, as many as are looked at in one go, and where to go on; None: there are no more."""
    findings: list[AuditFinding] = []
    page = _page(tx, last.seq)
    for row in page:
        seq = row["seq"]
        if seq != last.seq + 1:
            findings.append(AuditFinding(last.seq + 1, f"{seq - last.seq - 1} row(s) missing"))
        if row["prev_hash"] != last.hash:
            findings.append(AuditFinding(seq, "does not follow the row before it"))
        if not _is_whole(row):
            findings.append(AuditFinding(seq, "was changed after it was written"))
        last = Link(seq, row["hash"])
    return findings, last if len(page) == _PAGE else None


def _page(tx: Session, after_seq: int) -> Sequence[Any]:
    """Rows by column. One whose time is no time any more comes without it: see _is_whole."""
    where = AuditRow.seq > after_seq
    try:
        return tx.execute(select(*_COLUMNS).where(where).order_by(AuditRow.seq).limit(_PAGE)).mappings().all()
    except ValueError:
        links = select(AuditRow.seq, AuditRow.prev_hash, AuditRow.hash).where(where).order_by(AuditRow.seq)
        return [_row_or_link(tx, link) for link in tx.execute(links.limit(_PAGE)).mappings().all()]


def _row_or_link(tx: Session, link: Any) -> Any:
    try:
        return tx.execute(select(*_COLUMNS).where(AuditRow.seq == link["seq"])).mappings().one()
    except ValueError:
        return link


def _is_whole(row: Any) -> bool:
    if "detail" not in row or row["hash"] != entry_hash(row["prev_hash"], _hashed(row)):
        return False
    return bool(row["camera"] == camera_of(row["object"], row["detail"]))


def camera_of(object_: str, detail: Detail) -> str:
    """Which camera an act was about: its id, SEVERAL, or nothing. Only to search by."""
    kind, _, name = object_.partition(":")
    if object_ == "cameras:all":
        return SEVERAL
    named = name if kind == "camera" else str(detail.get("cameras") or detail.get("camera") or "")
    return SEVERAL if kind != "camera" and "," in named else named[:40]


def content_of(record: AuditRecord) -> dict[str, object]:
    """What a row's hash covers, as copies and packs carry it."""
    entry = record.entry
    return {
        "seq": record.seq,
        "at_us": us_from_utc(entry.at),
        "actor": entry.actor,
        "roles": list(entry.roles),
        "action": entry.action,
        "object": entry.object,
        "result": entry.result,
        "detail": dict(entry.detail),
        "workstation": entry.workstation,
    }


def _hashed(row: Any) -> dict[str, object]:
    return {
        "seq": row["seq"],
        "at_us": us_from_utc(row["at"]),
        "actor": row["actor"],
        "roles": row["roles"],
        "action": row["action"],
        "object": row["object"],
        "result": row["result"],
        "detail": row["detail"],
        "workstation": row["workstation"],
    }


def record_of(row: AuditRow) -> AuditRecord:
    entry = AuditEntry(
        at=row.at,
        actor=row.actor,
        roles=tuple(row.roles),
        action=row.action,
        object=row.object,
        result="allowed" if row.result == "allowed" else "refused",
        detail=dict(row.detail),
        workstation=row.workstation,
    )
    return AuditRecord(row.seq, entry, row.prev_hash, row.hash)


def _fit(value: str, length: int) -> str:
    """No control characters (a line break forges log lines) and no more than the column holds."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in value)
    return clean if len(clean) <= length else clean[: length - 1] + "…"
