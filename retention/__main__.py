"""`python -m retention --config FILE`: the retention process. It purges, for ever, and is the only one that does."""

import argparse
import logging
import sys
import threading
from pathlib import Path

from retention.runner import PurgeRunner
from vms.clock import SystemClock
from vms.config import SiteConfig
from vms.errors import Refused, StorageError, StoreBusy
from vms.process import run_process
from vms.store import Store

log = logging.getLogger(__name__)


def make_runner(config: SiteConfig, store: Store) -> PurgeRunner:
    volumes = {volume.path: volume.high_water_pct for volume in config.volumes}
    keys_dir = config.site.data_dir / "keys"
    retention = config.retention
    return PurgeRunner(store, volumes, keys_dir, SystemClock(), retention.days, retention.max_share_per_run)


def run_retention(config: SiteConfig, stop: threading.Event) -> None:
    store = Store(config.database_url)
    runner = make_runner(config, store)
    try:
        while not stop.is_set():
            try:
                runner.run()
            except Refused as error:
                log.error("purge_refused", extra={"reason": str(error)})
            except (StoreBusy, StorageError) as error:
                log.warning("purge_postponed", extra={"reason": str(error)})
            stop.wait(config.retention.purge_interval_s)
    finally:
        store.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="retention")
    parser.add_argument("--config", type=Path, required=True)
    return run_process("retention", parser.parse_args().config, run_retention)


if __name__ == "__main__":
    sys.exit(main())
