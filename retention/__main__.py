"""`python -m retention --config FILE`: the retention process. It purges, for ever, and is the only one that does."""

import argparse
import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from recorder.shelf import Shelf
from retention.daily import DailyCertificates
from retention.evidence import EvidenceKeeper
from retention.runner import PurgeRunner
from retention.sealing import Stamping
from retention.timestamping import HttpTimestampAuthority, read_roots
from vms.clock import SystemClock
from vms.config import SiteConfig
from vms.errors import KeyUnavailable, Refused, StorageError, StoreBusy
from vms.process import run_process
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, seals

log = logging.getLogger(__name__)

PRESSURE_EVERY_S = 5.0
"""Between two looks at how full the volumes are; a purge run has its own, longer interval."""


def make_runner(config: SiteConfig, store: Store) -> PurgeRunner:
    volumes = {volume.path: volume.high_water_pct for volume in config.volumes}
    keys_dir = config.site.data_dir / "keys"
    retention = config.retention
    signer = open_signer(config)
    keeper = make_keeper(config, store)
    return PurgeRunner(
        store,
        volumes,
        keys_dir,
        SystemClock(),
        config.terms,
        retention.max_share_per_run,
        signer,
        retention.ahead,
        keeper,
    )


def make_keeper(config: SiteConfig, store: Store) -> EvidenceKeeper:
    shelf = Shelf(config)
    keys_dir = config.site.data_dir / "keys"
    root, high_water_pct = config.evidence_dir, config.evidence.high_water_pct
    return EvidenceKeeper(
        store, root, high_water_pct, keys_dir, SystemClock(), lambda: shelf.reader, lambda: shelf.keys
    )


def open_signer(config: SiteConfig) -> SiteSigner | None:
    """None, and an error in the log, when the signing key cannot be read: the law wants erasure, signed or not."""
    try:
        create_signing_key(config.signing_key_file)
        return SiteSigner(config.signing_key_file)
    except KeyUnavailable as error:
        log.error("ledger_unsealed", extra={"reason": str(error)})
        return None


def make_stampings(config: SiteConfig, store: Store) -> list[Stamping]:
    """Of ledger and audit log. None: the site has no time-stamp authority. Raises ConfigError."""
    retention = config.retention
    if retention.timestamp_url is None or retention.timestamp_ca_file is None:
        return []
    authority = HttpTimestampAuthority(retention.timestamp_url, read_roots(retention.timestamp_ca_file))
    return [Stamping(store, authority, retention.timestamp_interval_s, book) for book in (seals.LEDGER, seals.AUDIT)]


def make_certificates(config: SiteConfig, store: Store, signer: SiteSigner | None) -> DailyCertificates | None:
    """None: without a signing key there is nothing to sign with."""
    if signer is None:
        return None
    data_dir = config.site.data_dir
    return DailyCertificates(
        config.certificates_dir,
        config.site.name,
        store,
        [volume.path for volume in config.volumes],
        data_dir / "keys",
        signer,
        SystemClock(),
        config.terms,
        config.evidence_dir,
    )


def run_retention(config: SiteConfig, stop: threading.Event) -> None:
    store = Store(config.database_url)
    runner = make_runner(config, store)
    stampings = make_stampings(config, store)
    certificates = make_certificates(config, store, runner.signer)
    clock = SystemClock()
    purge_at_s = clock.monotonic_s()
    try:
        while not stop.is_set():
            is_due = clock.monotonic_s() >= purge_at_s
            if is_due:
                purge_at_s = clock.monotonic_s() + config.retention.purge_interval_s
            try:
                if is_due:
                    runner.run()
                else:
                    runner.secure(search_secured=False)
                    runner.relieve()
                if is_due:
                    _give_proof(stampings, certificates)
            except Refused as error:
                log.error("purge_refused", extra={"reason": str(error)})
            except (StoreBusy, StorageError) as error:
                log.warning("purge_postponed", extra={"reason": str(error)})
            stop.wait(PRESSURE_EVERY_S)
    finally:
        store.close()


def _give_proof(stampings: Sequence[Stamping], certificates: DailyCertificates | None) -> None:
    for stamping in stampings:
        stamping.run()
    if certificates is not None:
        certificates.run()


def main() -> int:
    parser = argparse.ArgumentParser(prog="retention")
    parser.add_argument("--config", type=Path, required=True)
    return run_process("retention", parser.parse_args().config, run_retention)


if __name__ == "__main__":
    sys.exit(main())
