"""Purge runs for the kill test: `python -m tests.retention.purging_child DIR`.

It prints its pid and then purges until it is done or killed (`tests.forked`).
"""

import sys
from pathlib import Path

from retention import purger
from retention.runner import PurgeRunner
from tests.fakes import T0_US, FakeClock
from tests.forked import say_pid, serve
from vms.rules.terms import Terms
from vms.signing import SiteSigner
from vms.store import Store

purger.BATCH_SEGMENTS = 8
"""Small batches, so that kills fall on every step between them."""


def purge(root: Path) -> None:
    say_pid()
    store = Store(f"sqlite:///{root}/u.db")
    signer = SiteSigner(root / "signing.pem")
    runner = PurgeRunner(store, {root / "media": 100.0}, root / "keys", FakeClock(T0_US), Terms(28), 0.5, signer)
    runner.run(confirmed=True)


def main() -> None:
    root = Path(sys.argv[1])
    serve(lambda _: purge(root))


if __name__ == "__main__":
    main()
