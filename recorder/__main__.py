"""`python -m recorder --config FILE --group K`: one capture process."""

import argparse
import sys
from pathlib import Path

from recorder.capture import run_capture
from vms.memory import bound_heap, calm_collector
from vms.process import run_process

_LARGE_BYTES = 8 << 20
"""Above what a read, a fragment or a keyframe takes, all of which are allocated all the time."""


def main() -> int:
    bound_heap(_LARGE_BYTES)
    calm_collector()
    parser = argparse.ArgumentParser(prog="recorder", description="Record one group of cameras.")
    parser.add_argument("--config", type=Path, required=True, help="the site's configuration file")
    parser.add_argument("--group", type=int, default=0, help="which group of cameras, from 0")
    arguments = parser.parse_args()
    group: int = arguments.group
    return run_process(f"capture-{group}", arguments.config, lambda config, stop: run_capture(config, group, stop))


if __name__ == "__main__":
    sys.exit(main())
