"""`python -m web.live --config FILE [--shard K]`: a live process. It decodes what is watched and masked, and serves
viewers."""

import argparse
import sys
from pathlib import Path

from vms.memory import calm_collector
from vms.process import run_process
from web.live.service import run_live

__all__ = ["run_live"]

_COLLECT_AFTER, _OLDER_AFTER = 5_000, 4
"""A viewer is some thousands of objects in cycles, old when he leaves: once a wall has left, it is collected."""


def main() -> int:
    calm_collector(_COLLECT_AFTER, _OLDER_AFTER)
    parser = argparse.ArgumentParser(prog="web.live")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--shard", type=int, help="Which of [live] processes, from 0; left out when there is one.")
    options = parser.parse_args()
    name = "live" if options.shard is None else f"live-{options.shard}"
    return run_process(name, options.config, lambda config, stop: run_live(config, stop, shard=options.shard))


if __name__ == "__main__":
    sys.exit(main())
