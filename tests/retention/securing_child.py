"""Rounds of the evidence store for the kill test: `python -m tests.retention.securing_child DIR`.

For each line on stdin it forks a process that prints its pid and then runs a round until it is done or killed. Forked,
because importing everything takes longer than the test should.
"""

import os
import sys
from pathlib import Path

from recorder.clip import SegmentReader
from retention.evidence import EvidenceKeeper
from tests.fakes import T0_US, FakeClock
from vms.keys import KeyRing
from vms.store import Store


def secure(root: Path) -> None:
    store = Store(f"sqlite:///{root}/u.db")
    keys = KeyRing(root / "keys", root / "keys" / "site.key")
    reader = SegmentReader([root / "media", root / "evidence"], keys)
    keeper = EvidenceKeeper(
        store, root / "evidence", 99.0, root / "keys", FakeClock(T0_US), lambda: reader, lambda: keys
    )
    with store.reading():
        sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    keeper.run()


def main() -> None:
    root = Path(sys.argv[1])
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            secure(root)
            os._exit(0)
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
