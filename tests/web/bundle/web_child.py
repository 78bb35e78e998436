"""The web process, forked anew for each line of standard input: importing it takes longer than a test should."""

import sys
import threading
from pathlib import Path

from tests.forked import say_pid, serve
from vms.config import load_config
from web.server import run_web


def work(_: str) -> None:
    say_pid()
    run_web(load_config(Path(sys.argv[1]) / "site.toml"), threading.Event())


if __name__ == "__main__":
    serve(work)
