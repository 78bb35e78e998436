"""The audit pack: what an auditor asks of a period, signed, in one file that proves itself.

Each row of the audit log in it comes with the way from its hash to a seal (a Merkle path), and the seal with the
site's signature. So a row can be checked alone: nothing else of the log has to be given away.
"""

import contextlib
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO

from retention.audit_pack_parts import Parts, gather, purposes_register
from retention.audit_pack_summary import summary_html
from retention.certificate import write_certificate
from retention.sealing import seal_audit
from retention.verify_evidence import every_copy
from vms.audit_check import AuditProof, check_audit
from vms.audit_copies import row_text
from vms.errors import Refused, StorageError
from vms.rules import merkle
from vms.rules.chain import canonical_json
from vms.rules.terms import Terms
from vms.signing import SiteSigner
from vms.store import Store, Transaction, seals
from vms.store.audit import AuditRecord
from vms.store.seals import Seal
from vms.units import us_from_utc

KIND = "audit-pack"
_CERTIFICATE = "wiscertificaat.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOrder:
    """[start, end), as far as it is over. sample: consultations drawn. seed: of the auditor; empty = it follows from
    the log. former_keys: see vms.audit_check."""

    site_name: str
    timezone: str
    start: datetime
    end: datetime
    sample: int
    seed: str
    terms: Terms
    bases: Mapping[str, str]
    """Legal basis by purpose; empty = none written down."""
    former_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disks:
    """Where footage, keys and evidence lie: what the certificate of erasure is made from."""

    roots: Sequence[Path]
    keys_dir: Path
    evidence_dir: Path


@dataclass(frozen=True, slots=True)
class MadePack:
    """rows: of the audit log that are in it. key_id: of the public key that checks it."""

    path: Path
    rows: int
    drawn_from: int
    key_id: str
    proof: AuditProof


@dataclass(slots=True)
class _Package:
    """A zip and the index of what is in it."""

    zip: zipfile.ZipFile
    index: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, data: bytes, **more: int) -> None:
        self.zip.writestr(name, data)
        self.index[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), **more}


def write_pack(out: Path, order: PackOrder, store: Store, disks: Disks, signer: SiteSigner, now: datetime) -> MadePack:
    """Make `out`, which must not be there yet. Raises FileExistsError, OSError, StoreBusy, StorageError."""
    order = replace(order, end=max(order.start, min(order.end, now)))
    with contextlib.suppress(StorageError):  # somebody changed the chain: that is what the proof tells
        seal_audit(store, signer, now)
    proof = check_audit(store, signer.public, former=order.former_keys)
    with out.open("xb") as file:
        try:
            certificate = _certificate(order, store, disks, signer, now)
            with store.reading() as tx:
                return _write(out, file, order, tx, signer, now, proof, certificate)
        except json.JSONDecodeError as error:
            out.unlink()
            raise StorageError(f"a register cannot be read ({error})") from error
        except BaseException:
            out.unlink()
            raise


def _certificate(order: PackOrder, store: Store, disks: Disks, signer: SiteSigner, now: datetime) -> bytes | None:
    """None: nothing was erased since the period began."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / _CERTIFICATE
        try:
            write_certificate(
                path,
                order.site_name,
                store,
                disks.roots,
                disks.keys_dir,
                signer,
                now,
                order.terms,
                disks.evidence_dir,
                every_copy,
                order.start,
            )
        except Refused:
            return None
        return path.read_bytes()


def _write(
    out: Path,
    file: BinaryIO,
    order: PackOrder,
    tx: Transaction,
    signer: SiteSigner,
    now: datetime,
    proof: AuditProof,
    certificate: bytes | None,
) -> MadePack:
    newest = seals.AUDIT.last(tx)
    parts = gather(tx, order.start, order.end, order.sample, order.seed, newest.last_seq if newest else 0)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        package = _Package(made)
        proven = _Proven(tx)
        for name, rows in parts.rows.items():
            package.add(name, b"".join(_lines(proven, rows)), rows=len(rows))
        package.add("zegels.jsonl", b"".join(proven.seal_lines()))
        registers = {**parts.registers, "doelen.json": purposes_register(tx, order.bases)}
        for name, register in registers.items():
            package.add(name, json.dumps(register, ensure_ascii=False, indent=1, sort_keys=True).encode())
        if certificate is not None:
            package.add(_CERTIFICATE, certificate)
        content = _content(order, parts, proof, now)
        package.add("samenvatting.html", summary_html(order.timezone, content, parts, signer.key_id).encode())
        content["files"] = package.index
        signed = {
            "content": content,
            "signature": signer.sign(KIND, content).hex(),
            "public_key": signer.public.hex(),
        }
        made.writestr("pakket.json", json.dumps(signed, ensure_ascii=False, indent=1))
        made.writestr("sleutel.pem", signer.public_pem())
        checker = resources.files("retention").joinpath("controleer_audit.py").read_bytes()
        made.writestr("controleer_audit.py", checker)
        made.writestr("LEESMIJ.txt", _READ_ME.format(site=order.site_name, key_id=signer.key_id))
    return MadePack(out, sum(map(len, parts.rows.values())), parts.sample.drawn_from, signer.key_id, proof)


class _Proven:
    """Finds each row's seal and its way there; rows of one seal that follow each other share its tree."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._seals: dict[int, Seal] = {}
        self._tree: tuple[int, merkle.Tree] = (0, merkle.Tree([]))

    def line(self, record: AuditRecord) -> bytes:
        seal = seals.AUDIT.covering(self._tx, record.seq)
        proof: Mapping[str, Any] | None = None
        if seal is not None:
            self._seals[seal.last_seq] = seal
            if self._tree[0] != seal.last_seq:
                self._tree = seal.last_seq, _tree(seals.AUDIT.hashes(self._tx, seal.first_seq, seal.last_seq))
            tree, index = self._tree[1], record.seq - seal.first_seq
            if 0 <= index < tree.size:
                steps = [step.hex() for step in tree.path(index)]
                proof = {"seal": seal.last_seq, "size": tree.size, "index": index, "path": steps}
        return canonical_json({"row": json.loads(row_text(record)), "proof": proof}) + b"\n"

    def seal_lines(self) -> Iterable[bytes]:
        for last_seq in sorted(self._seals):
            seal = self._seals[last_seq]
            yield canonical_json({**seal.content(), "signature": seal.signature}) + b"\n"


def _tree(hashes: Iterable[str]) -> merkle.Tree:
    """Of no rows, which proves none of them, when one was changed into what is no hash."""
    try:
        return merkle.Tree([bytes.fromhex(one) for one in hashes])
    except ValueError:
        return merkle.Tree([])


def _lines(proven: _Proven, rows: Iterable[AuditRecord]) -> Iterable[bytes]:
    return (proven.line(row) for row in rows)


def _content(order: PackOrder, parts: Parts, proof: AuditProof, now: datetime) -> dict[str, Any]:
    return {
        "v": 1,
        "site": order.site_name,
        "at_us": us_from_utc(now),
        "from_us": us_from_utc(order.start),
        "to_us": us_from_utc(order.end),
        "former_keys": list(order.former_keys),
        "log": {
            "rows": proof.rows,
            "sealed_rows": proof.sealed_rows,
            "stamped_us": us_from_utc(proof.stamped_at) if proof.stamped_at else None,
            "findings": [str(finding) for finding in proof.findings],
        },
        "sample": {
            "seed": parts.sample.seed,
            "drawn": parts.sample.consultations,
            "drawn_from": parts.sample.drawn_from,
        },
        "figures": [{"action": a, "result": r, "number": n} for a, r, n in parts.figures],
    }


_READ_ME = """\
Auditpakket van {site}

Wat een auditor over een periode wil zien: wie wat mocht en sinds wanneer, een steekproef van raadplegingen met hun
reden, alle verstrekkingen, het bewijs van wissen, maskers, besluiten, en het toezicht zelf. Begin bij
samenvatting.html.

Controleren (Python 3.9 of nieuwer; geen netwerk, geen server):

    python3 controleer_audit.py DIT-BESTAND.zip --sleutel SLEUTEL

SLEUTEL is de publieke sleutel van de gemeente, of haar kenmerk van 16 tekens, zoals de gemeente u dat op een andere
weg gaf. De sleutel in dit pakket heeft kenmerk {key_id}. Wie dit pakket vervalst kan ook die vervangen:
vertrouw hem dus niet zonder te vergelijken.

Elke regel uit het auditlog (*.jsonl) heeft zijn weg naar een zegel bij zich: de regel stond zo in het log toen dat
verzegeld werd. wiscertificaat.zip controleert u met de controleer.py die erin zit.

Dit pakket bevat namen van medewerkers en zaaknummers. Bewaar het als zodanig.
"""
