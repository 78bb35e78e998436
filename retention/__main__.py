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

PRESSURE_EVERY_S = 5.0
"""Between two looks at how full the volumes are; a purge run has its own, longer interval."""


def make_runner(config: SiteConfig, store: Store) -> PurgeRunner:
    volumes = {volume.path: volume.high_water_pct for volume in config.volumes}
    keys_dir = config.site.data_dir / "keys"
    retention = config.retention
    return PurgeRunner(store, volumes, keys_dir, SystemClock(), retention.days, retention.max_share_per_run)


def run_retention(config: SiteConfig, stop: threading.Event) -> None:
    store = Store(config.database_url)
    runner = make_runner(config, store)
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
                    runner.relieve()
            except Refused as error:
                log.error("purge_refused", extra={"reason": str(error)})
            except (StoreBusy, StorageError) as error:
                log.warning("purge_postponed", extra={"reason": str(error)})
            stop.wait(PRESSURE_EVERY_S)
    finally:
        store.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="retention")
    parser.add_argument("--config", type=Path, required=True)
    return run_process("retention", parser.parse_args().config, run_retention)


if __name__ == "__main__":
    sys.exit(main())
