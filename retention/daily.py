"""A certificate a day, each over the ledger since the one before it, beside the purge and never in its way.

They lie in `data_dir/certificates` by day of making (UTC). Making one reads every disk: minutes on a large site, so a
thread does it. What is older than KEPT goes; whoever must keep proof for longer takes a copy off the machine.
"""

import json
import logging
import re
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from retention.certificate import write_certificate
from retention.verify_evidence import turn_of
from vms.clock import Clock, now_utc
from vms.errors import Refused, StorageError, StoreBusy
from vms.rules.terms import Terms
from vms.signing import SiteSigner
from vms.store import Store
from vms.units import utc_from_us

log = logging.getLogger(__name__)

KEPT = timedelta(days=100)
_NAME = re.compile(r"wiscertificaat-(\d{4}-\d{2}-\d{2})\.zip")
_UNFINISHED = ".part"


def certificate_name(day: date) -> str:
    return f"wiscertificaat-{day.isoformat()}.zip"


def certificates(directory: Path) -> list[tuple[date, Path]]:
    """Those that are whole, the newest first."""
    found = []
    for path in directory.glob("wiscertificaat-*.zip"):
        if (parts := _NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
            found.append((date.fromisoformat(parts[1]), path))
    return sorted(found, reverse=True)


def _made_at(day: date, path: Path) -> datetime:
    """Just after a certificate was made, by its own word; else the beginning of its day."""
    try:
        with zipfile.ZipFile(path) as package:
            content = json.loads(package.read("certificaat.json"))["content"]
        return utc_from_us(int(content["at_us"]) + 1)
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError):
        return datetime.combine(day, time(), UTC)


@dataclass(slots=True)
class DailyCertificates:
    """`run` from the purge's thread, often; the work is done in a thread of its own."""

    directory: Path
    site_name: str
    store: Store
    roots: Sequence[Path]
    keys_dir: Path
    signer: SiteSigner
    clock: Clock
    terms: Terms
    evidence_dir: Path
    _thread: threading.Thread | None = None

    def run(self) -> None:
        """Start today's when there is none yet."""
        today = now_utc(self.clock).date()
        if (self._thread is not None and self._thread.is_alive()) or (
            self.directory / certificate_name(today)
        ).exists():
            return
        self._thread = threading.Thread(target=self.make, args=(today,), name="certificate", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Until the one that is being made is there, or is not."""
        if self._thread is not None:
            self._thread.join()

    def make(self, today: date) -> None:
        """What fails is logged, and tried again at the next call."""
        try:
            self._make(today)
        except Refused:
            return  # nothing was erased yet
        except (StoreBusy, StorageError, OSError) as error:
            log.warning("certificate_postponed", extra={"reason": str(error)})

    def _make(self, today: date) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        made = certificates(self.directory)
        since = _made_at(*made[0]) if made else None
        out = self.directory / (certificate_name(today) + _UNFINISHED)
        out.unlink(missing_ok=True)
        now = now_utc(self.clock)
        done = write_certificate(
            out,
            self.site_name,
            self.store,
            self.roots,
            self.keys_dir,
            self.signer,
            now,
            self.terms,
            self.evidence_dir,
            turn_of(today),
            since,
        )
        out.rename(self.directory / certificate_name(today))
        findings = [finding.code for finding in done.proof.findings]
        log.info("certificate_made", extra={"day": today.isoformat(), "rows": done.rows, "findings": findings})
        for day, path in made:
            if day < today - KEPT:
                path.unlink()
