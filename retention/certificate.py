"""The erasure certificate: what the disk, the catalog and the ledger say, signed, in one file that proves itself.

A zip with `certificaat.json` (the statement and its signature), the ledger of the period, the seals under it, and
`controleer.py`, which checks all of that with nothing but Python: the police need no server and none of our code.
"""

import base64
import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import BinaryIO

from retention.sealing import seal_both
from retention.verify import Kept, Proof, verify
from retention.verify_evidence import EvidenceProof, Reads
from vms.errors import Refused
from vms.rules.chain import GENESIS, canonical_json
from vms.rules.terms import Terms
from vms.signing import SiteSigner
from vms.store import Store, Transaction, audit, ledger, purge_facts, seals
from vms.store.ledger import LedgerEntry
from vms.store.seals import Seal
from vms.units import us_from_utc, utc_from_us

KIND = "retention-certificate"
PERIOD = timedelta(days=35)
"""How far back a certificate's ledger reaches when nobody says otherwise: all that could be on disk, and a week."""

CameraDay = tuple[str, str]


@dataclass(slots=True)
class _Erased:
    """What the ledger of the period tells, counted while it is copied."""

    number: Counter[CameraDay] = field(default_factory=Counter)
    bytes: Counter[CameraDay] = field(default_factory=Counter)
    failed: int = 0
    copies: int = 0
    """Of released holds."""

    def count(self, entry: LedgerEntry) -> None:
        payload = entry.payload
        if entry.kind == "failed":
            self.failed += 1
        if entry.kind != "done":
            return
        self.copies += len(payload.get("evidence", ()))
        for one in payload.get("segments", [payload]):
            if "start_us" in one:
                camera_day = (one["camera"], f"{utc_from_us(one['start_us']):%d-%m-%Y}")
                self.number[camera_day] += 1
                self.bytes[camera_day] += one.get("bytes", 0)


@dataclass(frozen=True, slots=True)
class Certificate:
    """path: of the zip. proof: what the disk said. key_id: of the public key that checks it."""

    path: Path
    proof: Proof
    rows: int
    key_id: str


def write_certificate(
    out: Path,
    site_name: str,
    store: Store,
    roots: Sequence[Path],
    keys_dir: Path,
    signer: SiteSigner,
    now: datetime,
    configured: Terms,
    evidence_dir: Path,
    reads: Reads,
    since: datetime | None = None,
) -> Certificate:
    """Make `out`, which must not be there yet. since: the ledger from the last seal before it; None = five weeks.
    reads: of which copies in the evidence store the whole content is read.

    Raises FileExistsError, StoreBusy; OSError when it cannot be written; Refused, before any disk is read, when there
    is nothing to certify.
    """
    seal_both(store, signer, now)
    begins = since or now - PERIOD
    with out.open("xb") as file:
        try:
            with store.reading() as tx:
                _seals_of(tx, begins)
            proof = verify(store, roots, keys_dir, now, configured, evidence_dir, reads)
            rows = _write(file, site_name, store, signer, proof, begins)
        except BaseException:
            out.unlink()
            raise
    return Certificate(out, proof, rows, signer.key_id)


def _write(file: BinaryIO, site_name: str, store: Store, signer: SiteSigner, proof: Proof, since: datetime) -> int:
    with store.reading() as tx, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        begin, newest = _seals_of(tx, since)
        after = begin.last_seq if begin else 0
        erased = _Erased()
        sha256 = {
            "wislogboek.jsonl": _add_lines(package, "wislogboek.jsonl", _rows(tx, after, newest.last_seq, erased)),
            "zegels.jsonl": _add_lines(package, "zegels.jsonl", map(_seal_line, seals.LEDGER.after(tx, after))),
        }
        content = {
            "v": 1,
            "site": site_name,
            **_proof(proof),
            "terms": [_term(kept) for kept in proof.kept],
            "failed": erased.failed,
            "evidence": _evidence(proof.evidence, erased),
            "camera_days": _camera_days(tx, erased),
            "ledger": {
                "first_seq": after + 1,
                "last_seq": newest.last_seq,
                "prev_hash": begin.head if begin else GENESIS,
                "head": newest.head,
            },
            "audit": _audit_head(tx),
            "sha256": sha256,
        }
        signed = {
            "content": content,
            "signature": signer.sign(KIND, content).hex(),
            "public_key": signer.public.hex(),
        }
        package.writestr("certificaat.json", json.dumps(signed, ensure_ascii=False, indent=1))
        package.writestr("sleutel.pem", signer.public_pem())
        package.writestr("controleer.py", resources.files("retention").joinpath("controleer.py").read_bytes())
        package.writestr("LEESMIJ.txt", _READ_ME.format(site=site_name, key_id=signer.key_id))
    return newest.last_seq - after


def _seals_of(tx: Transaction, since: datetime) -> tuple[Seal | None, Seal]:
    """The last one before the period, and the newest. Raises Refused."""
    begin, newest = seals.LEDGER.last_before(tx, since), seals.LEDGER.last(tx)
    if newest is None or (begin is not None and newest.last_seq <= begin.last_seq):
        raise Refused("no purge has run in that period: there is nothing to certify")
    return begin, newest


def _rows(tx: Transaction, after: int, last: int, erased: _Erased) -> Iterator[bytes]:
    for entry in ledger.entries(tx, after):
        if entry.seq > last:
            return
        if ledger.is_whole(entry):  # what somebody changed is told, and counts for nothing
            erased.count(entry)
        content = ledger.content_of(entry.seq, entry.at, entry.kind, entry.segment_id, entry.payload)
        yield canonical_json({**content, "prev_hash": entry.prev_hash, "hash": entry.hash})


def _seal_line(seal: Seal) -> bytes:
    line: dict[str, object] = {**seal.content(), "signature": seal.signature}
    if seal.token is not None and seal.token_at is not None:
        line |= {"token": base64.b64encode(seal.token).decode(), "token_at_us": us_from_utc(seal.token_at)}
    return canonical_json(line)


def _add_lines(package: zipfile.ZipFile, name: str, lines: Iterable[bytes]) -> str:
    """SHA-256 of what was written."""
    digest = hashlib.sha256()
    with package.open(name, "w", force_zip64=True) as member:
        for line in lines:
            member.write(line + b"\n")
            digest.update(line + b"\n")
    return digest.hexdigest()


def _proof(proof: Proof) -> dict[str, object]:
    oldest = proof.oldest_frame_at
    return {
        "at_us": us_from_utc(proof.at),
        "limit_us": us_from_utc(proof.limit),
        "days": proof.days,
        "oldest_frame_us": us_from_utc(oldest) if oldest else None,
        "files": proof.files,
        "bytes": proof.bytes,
        "held_files": proof.held_files,
        "erased_in_total": proof.erased_in_total,
        "findings": [asdict(finding) for finding in proof.findings],
    }


def _term(kept: Kept) -> dict[str, object]:
    oldest = kept.oldest_frame_at
    return {
        "camera": kept.camera_id,
        "purpose": kept.purpose,
        "days": kept.days,
        "limit_us": us_from_utc(kept.limit),
        "oldest_frame_us": us_from_utc(oldest) if oldest else None,
        "held_files": kept.held_files,
    }


def _evidence(proof: EvidenceProof, erased: _Erased) -> dict[str, int]:
    """Of the evidence store. erased: copies of released holds, by the ledger of the period."""
    return {
        "holds": proof.holds,
        "files": proof.files,
        "bytes": proof.bytes,
        "read": proof.read,
        "leaving": proof.leaving,
        "erased": erased.copies,
    }


def _audit_head(tx: Transaction) -> dict[str, str | int]:
    """The newest row of the audit log: whoever keeps this certificate can tell when it is cut or written anew."""
    head = audit.head(tx)
    return {"seq": head.seq, "hash": head.hash}


def _camera_days(tx: Transaction, erased: _Erased) -> list[dict[str, object]]:
    """Erased by the ledger of the period, stored by the catalog; days are of UTC."""
    stored = {
        (camera, f"{day:%d-%m-%Y}"): (number, size) for camera, day, number, size in purge_facts.stored_per_day(tx)
    }
    return [
        {
            "camera": camera,
            "day": day,
            "erased": erased.number[camera, day],
            "erased_bytes": erased.bytes[camera, day],
            "stored": stored.get((camera, day), (0, 0))[0],
            "stored_bytes": stored.get((camera, day), (0, 0))[1],
        }
        for camera, day in sorted(stored.keys() | erased.number.keys(), key=lambda one: (one[0], one[1][::-1]))
    ]


_READ_ME = """\
Wiscertificaat van {site}

Dit pakket bewijst wat er van de camerabeelden gewist is en dat er niets ouder is dan toegestaan.

Controleren (Python 3.9 of nieuwer; geen netwerk, geen server):

    python3 controleer.py DIT-BESTAND.zip --sleutel SLEUTEL

SLEUTEL is de publieke sleutel van de gemeente, of haar kenmerk van 16 tekens, zoals de gemeente u dat op een andere
weg gaf. De sleutel in dit pakket heeft kenmerk {key_id}. Wie dit pakket vervalst kan ook die vervangen:
vertrouw hem dus niet zonder te vergelijken.

Haal controleer.py liever uit de broncode van Uitkijk dan uit dit pakket; hij is kort genoeg om te lezen.

certificaat.json   wat er op schijf, in de catalogus en in de bewijsopslag staat, per camera en dag (UTC), ondertekend
wislogboek.jsonl   wat gewist zou worden en wat gewist is, bestand voor bestand; elke regel bevat de hash van de vorige
zegels.jsonl       de handtekening na elke wisronde, met tijdstempels van buiten (RFC 3161) waar die er zijn
sleutel.pem        de publieke sleutel (Ed25519)
"""
