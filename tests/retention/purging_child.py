"""Purge runs for the kill test: `python -m tests.retention.purging_child DIR`.

For each line on stdin it forks a process that prints its pid and then purges until it is done or killed. Forked,
because importing everything takes longer than the test should.
"""

import os
import sys
from pathlib import Path

from retention import purger
from retention.runner import PurgeRunner
from tests.fakes import T0_US, FakeClock
from vms.signing import SiteSigner
from vms.store import Store

purger.BATCH_SEGMENTS = 8
"""Small batches, so that kills fall on every step between them."""


def purge(root: Path) -> None:
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    store = Store(f"sqlite:///{root}/u.db")
    signer = SiteSigner(root / "signing.pem")
    runner = PurgeRunner(store, {root / "media": 100.0}, root / "keys", FakeClock(T0_US), 28, 0.5, signer)
    runner.run(confirmed=True)


def main() -> None:
    root = Path(sys.argv[1])
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            purge(root)
            os._exit(0)
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
