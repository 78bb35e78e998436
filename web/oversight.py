"""What those who oversee are shown: the proof of erasure from disk, and whether the audit log's chain closes."""

from typing import Any

from retention.finding import Finding
from retention.verify import Proof, verify
from retention.verify_evidence import no_copy
from vms.audit_check import check_audit, known_key
from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.errors import StorageError
from vms.store import Store, ledger, seals
from vms.units import us_from_utc
from web.shared_answer import SharedAnswer
from web.state_words import FINDING, both

MAX_FINDINGS = 100


class Oversight:
    """Both answers read everything there is: minutes on a large site. Shared, see SharedAnswer."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self.proof = SharedAnswer(clock, self._prove)
        self.chain = SharedAnswer(clock, self._check_audit)

    async def close(self) -> None:
        await self.proof.close()
        await self.chain.close()

    def seal(self) -> dict[str, Any] | None:
        """The newest signature under the ledger, and the newest time-stamp; None while there is none."""
        with self._store.reading() as tx:
            newest, stamped = seals.LEDGER.last(tx), seals.LEDGER.last_stamped(tx)
        if newest is None:
            return None
        stamped_at = stamped.token_at if stamped else None
        return {
            "at_us": us_from_utc(newest.at),
            "rows": newest.last_seq,
            "key_id": newest.key_id,
            "stamped_us": us_from_utc(stamped_at) if stamped_at else None,
        }

    def _prove(self) -> dict[str, Any]:
        """Raises StorageError, StoreBusy."""
        config = self._config
        roots = [volume.path for volume in config.volumes]
        keys_dir = config.site.data_dir / "keys"
        try:
            now = now_utc(self._clock)
            proof = verify(self._store, roots, keys_dir, now, config.terms, config.evidence_dir, no_copy)
        except OSError as error:
            raise StorageError(f"the proof cannot be made: {error}") from error
        with self._store.reading() as tx:
            last_run_at = ledger.last_run_at(tx)
        last_run_us = us_from_utc(last_run_at) if last_run_at else None
        return {**_proof(proof), "purposes": _purposes(config, proof), "last_run_us": last_run_us}

    def _check_audit(self) -> dict[str, Any]:
        at_us = self._clock.now_us()
        public = known_key(self._config.signing_key_file)
        proof = check_audit(self._store, public, former=self._config.audit.former_keys)
        return {
            "at_us": at_us,
            "rows": proof.rows,
            "sealed_rows": proof.sealed_rows,
            "sealed_us": us_from_utc(proof.sealed_at) if proof.sealed_at else None,
            "key_read": public is not None,
            "closes": not proof.findings,
            "findings_in_total": len(proof.findings),
            "findings": [str(finding) for finding in proof.findings[:MAX_FINDINGS]],
        }


def _proof(proof: Proof) -> dict[str, Any]:
    oldest = proof.oldest_frame_at
    return {
        "at_us": us_from_utc(proof.at),
        "days": proof.days,
        "limit_us": us_from_utc(proof.limit),
        "oldest_frame_us": us_from_utc(oldest) if oldest else None,
        "files": proof.files,
        "bytes": proof.bytes,
        "held_files": proof.held_files,
        "erased_in_total": proof.erased_in_total,
        "evidence": {"holds": proof.evidence.holds, "files": proof.evidence.files, "bytes": proof.evidence.bytes},
        "ledger_closes": not any(finding.code == "R3" for finding in proof.findings),
        "findings_in_total": len(proof.findings),
        "findings": [_finding(finding) for finding in proof.findings[:MAX_FINDINGS]],
    }


def _purposes(config: SiteConfig, proof: Proof) -> list[dict[str, Any]]:
    """Of each purpose that a camera has or had: its basis, and what is kept for how long. basis: empty = none given."""
    told = []
    for purpose, rules in config.purposes.all():
        kept = [one for one in proof.kept if one.purpose == purpose]
        oldest = [one.oldest_frame_at for one in kept if one.oldest_frame_at is not None]
        if kept:
            told.append(
                {
                    "purpose": purpose,
                    "basis": rules.basis if rules else "",
                    "days": sorted({one.days for one in kept}),
                    "cameras": len(kept),
                    "oldest_frame_us": us_from_utc(min(oldest)) if oldest else None,
                }
            )
    return told


def _finding(finding: Finding) -> dict[str, str]:
    nl, en = both(FINDING, finding.code)
    return {"code": finding.code, "nl": nl, "en": en, "subject": finding.subject, "detail": finding.text}
