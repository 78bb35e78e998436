"""What every process of the product does first and last: log, configuration, its lock, a clean stop.

A process holds an exclusive lock on `run/<name>.lock` for as long as it lives, with its pid inside. So two
recorders never write the same camera, and a restarted supervisor finds the processes that outlived it.
"""

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vms import log as logs
from vms.config import SiteConfig, load_config
from vms.errors import ConfigError, UitkijkError

log = logging.getLogger(__name__)

EXIT_FAILED = 1
EXIT_USAGE = 2


class AlreadyRunning(UitkijkError):
    """Another process of this name serves the same data_dir."""


def run_process(name: str, config_file: Path, run: Callable[[SiteConfig, threading.Event], None]) -> int:
    """Run one process to its end and return its exit code. SIGTERM and SIGINT set the stop event."""
    logs.configure(name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        config = load_config(config_file)
        with process_lock(config.run_dir, name):
            log.info("process_started", extra={"pid": os.getpid()})
            run(config, stop)
            log.info("process_stopped")
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_USAGE
    except UitkijkError as error:
        log.error("process_failed", extra={"reason": str(error)})
        return EXIT_FAILED
    return 0


@contextmanager
def process_lock(run_dir: Path, name: str) -> Iterator[None]:
    """Raises AlreadyRunning. The kernel frees the lock when the process dies, however it dies."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run_dir / f"{name}.lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"{name} already runs on {run_dir.parent} (pid {_pid_in(run_dir, name)})") from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def running_pid(run_dir: Path, name: str) -> int | None:
    """Pid of the process that holds the lock now, or None."""
    path = run_dir / f"{name}.lock"
    if not path.exists():
        return None
    with path.open("r", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid_in(run_dir, name)
    return None


def _pid_in(run_dir: Path, name: str) -> int | None:
    text = (run_dir / f"{name}.lock").read_text(encoding="ascii").strip()
    return int(text) if text.isdigit() else None
