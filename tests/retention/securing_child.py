"""Rounds of the evidence store for the kill test: `python -m tests.retention.securing_child DIR`.

It prints its pid and then runs a round until it is done or killed (`tests.forked`).
"""

import sys
from pathlib import Path

from recorder.clip import SegmentReader
from retention.evidence import EvidenceKeeper
from tests.fakes import T0_US, FakeClock
from tests.forked import say_pid, serve
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
        say_pid()
    keeper.run()


def main() -> None:
    root = Path(sys.argv[1])
    serve(lambda _: secure(root))


if __name__ == "__main__":
    main()
