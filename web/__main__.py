"""`python -m web --config FILE`: the web process. It serves people: pages, API, playback, exports."""

import argparse
import sys
from pathlib import Path

from vms.process import run_process
from web.server import run_web

__all__ = ["run_web"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="web")
    parser.add_argument("--config", type=Path, required=True)
    return run_process("web", parser.parse_args().config, run_web)


if __name__ == "__main__":
    sys.exit(main())
