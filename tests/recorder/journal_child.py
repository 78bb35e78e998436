"""A process with a journal for the kill test: `python -m tests.recorder.journal_child DATABASE_URL JOURNAL COUNT`.

It puts COUNT minutes of footage and a gap after each tenth into the journal, says so, and waits to be killed.
"""

import sys
import threading
from pathlib import Path

from recorder.journal import Journal
from tests.recorder.rows import MINUTE, T0, row
from vms.store import Store
from vms.units import CameraId


def main() -> None:
    url, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    journal = Journal(Store(url), path)
    journal.start()
    for number in range(count):
        journal.add_segment(row(number))
        if number % 10 == 9:
            end = T0 + (number + 1) * MINUTE
            journal.open_gap(CameraId("markt-01"), "sub", end - MINUTE / 6, "stalled", "no frames")
            journal.close_gap(CameraId("markt-01"), "sub", end)
    while journal.kept < journal.waiting:
        threading.Event().wait(0.005)
    sys.stdout.write(f"{journal.waiting}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
