"""`python -m web.live --config FILE`: the live process. It decodes what is watched and masked, and serves viewers."""

import argparse
import sys
from pathlib import Path

from vms.process import run_process
from web.live.service import run_live

__all__ = ["run_live"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="web.live")
    parser.add_argument("--config", type=Path, required=True)
    return run_process("live", parser.parse_args().config, run_live)


if __name__ == "__main__":
    sys.exit(main())
