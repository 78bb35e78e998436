"""Is the audit log still what was written? The chain names a row that was edited, put in or taken out; the seals tell
of rows cut off its end and of a chain that was written anew; a copy that lies elsewhere names the row even then."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vms.errors import KeyUnavailable
from vms.rules.chain import entry_hash
from vms.signing import SiteSigner, is_signed, key_id
from vms.store import Store, audit, seals
from vms.store.audit import AuditFinding, Link
from vms.store.seals import Seal

HASHED = ("seq", "at_us", "actor", "roles", "action", "object", "result", "detail", "workstation")
"""What a row's hash covers, by its names in a copy."""
_MAX_FINDINGS = 1000
_PAGE = 2000


@dataclass(frozen=True, slots=True)
class AuditProof:
    """sealed_rows: up to which row seals reach; what came after them is covered by the chain alone until the next.

    findings: first what the chain says, row by row; then what seals, notes and copies say.
    """

    rows: int
    sealed_rows: int
    sealed_at: datetime | None
    stamped_at: datetime | None
    findings: tuple[AuditFinding, ...]


def known_key(path: Path) -> bytes | None:
    """The site's public key; None: it cannot be read here, and whose seals they are stays unsaid."""
    try:
        return SiteSigner(path).public
    except KeyUnavailable:
        return None


def check_audit(
    store: Store,
    public: bytes | None,
    known: Sequence[Link] = (),
    copies: Iterable[Iterable[str]] = (),
    former: Iterable[str] = (),
) -> AuditProof:
    """Reads it all, page by page. known: rows that somebody noted elsewhere. copies: lines of copies. former: public
    keys that the site had before, hexadecimal.

    Raises StoreBusy.
    """
    findings, head = _chain(store)
    with store.reading() as tx:
        newest, stamped = seals.AUDIT.last(tx), seals.AUDIT.last_stamped(tx)
    findings += _sealed(store, head, [] if public is None else [public, *map(bytes.fromhex, former)])
    findings += _noted(store, known, head, "that was noted elsewhere")
    for copy in copies:
        findings += _compared(store, copy, head)
    return AuditProof(
        head.seq,
        newest.last_seq if newest else 0,
        newest.at if newest else None,
        stamped.token_at if stamped else None,
        tuple(dict.fromkeys(findings)),
    )


def _chain(store: Store) -> tuple[list[AuditFinding], Link]:
    findings: list[AuditFinding] = []
    last: Link | None = Link()
    while last is not None:
        with store.reading() as tx:
            found, last = audit.verify_page(tx, last)
        findings += found[: _MAX_FINDINGS - len(findings)]
    with store.reading() as tx:
        return findings, audit.head(tx)


def _sealed(store: Store, head: Link, keys: Sequence[bytes]) -> list[AuditFinding]:
    with store.reading() as tx:
        unfit = seals.AUDIT.first_unfit(tx)
        newest = seals.AUDIT.last(tx)
        foreign = None
        if keys:
            foreign = next((seal for seal in seals.AUDIT.after(tx) if not _is_ours(seal, keys)), None)
    findings = []
    if newest is not None and newest.last_seq > head.seq:
        findings.append(_cut(head, newest.last_seq, f"sealed on {newest.at:%Y-%m-%d %H:%M} UTC"))
    if unfit is not None:
        seal, problem = unfit
        findings.append(AuditFinding(seal.first_seq, f"the seal over rows {_rows(seal)} {problem}"))
    if foreign is not None:
        findings.append(AuditFinding(foreign.first_seq, f"the seal over rows {_rows(foreign)} is not this site's"))
    return findings


def _is_ours(seal: Seal, keys: Sequence[bytes]) -> bool:
    try:
        signed = bytes.fromhex(seal.signature)
    except ValueError:
        return False
    return any(seal.key_id == key_id(key) and is_signed(key, seals.AUDIT.kind, seal.content(), signed) for key in keys)


def _noted(store: Store, known: Iterable[Link], head: Link, what: str) -> list[AuditFinding]:
    findings = []
    with store.reading() as tx:
        for link in known:
            found = audit.hash_at(tx, link.seq)
            if link.seq > head.seq:
                findings.append(_cut(head, link.seq, what))
            elif found != link.hash:
                findings.append(AuditFinding(link.seq, f"is not the row {what}"))
    return findings


def _compared(store: Store, lines: Iterable[str], head: Link) -> list[AuditFinding]:
    """Row by row with a copy. A row of a copy counts only if its content gives its hash."""
    findings: list[AuditFinding] = []
    page: dict[int, str] = {}
    beyond = 0
    for row in rows_of_copy(lines):
        if row["hash"] != entry_hash(row["prev_hash"], {name: row[name] for name in HASHED}):
            findings.append(AuditFinding(row["seq"], "the copy's row is damaged: nothing can be said by it"))
        elif row["seq"] > head.seq:
            beyond = max(beyond, row["seq"])
        else:
            page[row["seq"]] = row["hash"]
        if len(page) >= _PAGE:
            findings += _differing(store, page)
            page = {}
    findings += _differing(store, page)
    if beyond:
        findings.append(_cut(head, beyond, "in the copy"))
    return findings[:_MAX_FINDINGS]


def _differing(store: Store, copied: Mapping[int, str]) -> list[AuditFinding]:
    if not copied:
        return []
    with store.reading() as tx:
        here = audit.hashes(tx, min(copied), max(copied))
    texts = {
        seq: "is gone; the copy has it" if seq not in here else "is another than in the copy"
        for seq, hash_ in copied.items()
        if here.get(seq) != hash_
    }
    return [AuditFinding(seq, text) for seq, text in texts.items()]


def rows_of_copy(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Audit rows in the lines of a copy, also behind a syslog header. A line that was torn by a crash is passed over:
    its row was written again."""
    for line in lines:
        try:
            row = json.loads(line[line.index("{") :])
        except ValueError:
            continue
        if isinstance(row, dict) and all(name in row for name in (*HASHED, "prev_hash", "hash")):
            yield row


def _cut(head: Link, last_seq: int, what: str) -> AuditFinding:
    return AuditFinding(head.seq + 1, f"cut off: rows {head.seq + 1} to {last_seq}, {what}, are gone")


def _rows(seal: Seal) -> str:
    return f"{seal.first_seq} to {seal.last_seq}"
