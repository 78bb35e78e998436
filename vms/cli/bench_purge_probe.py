"""What recording feels of a purge: `python -m vms.cli.bench_purge_probe DIR` writes and syncs as a recorder does.

Every round appends what twenty cameras send meanwhile, syncs the volume, and prints how many milliseconds that took.
"""

import os
import sys
from pathlib import Path

from vms.clock import SystemClock
from vms.rhythm import READ_EVERY_S

CAMERAS = 20
_ROUND_BYTES = int(4_000_000 / 8 * READ_EVERY_S)
"""Of one camera of 4 Mbit/s."""
_FILE_BYTES = 30_000_000


def run(directory: Path) -> None:
    """Until its output is closed. Raises OSError."""
    from recorder.volume_sync import syncfs

    clock, content = SystemClock(), os.urandom(_ROUND_BYTES)
    files = [os.open(directory / f"probe-{n}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for n in range(CAMERAS)]
    written = 0
    while True:
        started_s = clock.monotonic_s()
        if written + _ROUND_BYTES > _FILE_BYTES:
            written = 0
        for file in files:
            os.pwrite(file, content, written)
        written += _ROUND_BYTES
        syncfs(files[0])
        took_s = clock.monotonic_s() - started_s
        sys.stdout.write(f"{took_s * 1000:.2f}\n")
        sys.stdout.flush()
        clock.sleep_s(max(0.0, READ_EVERY_S - took_s))


if __name__ == "__main__":
    try:
        run(Path(sys.argv[1]))
    except BrokenPipeError:
        sys.exit(0)
