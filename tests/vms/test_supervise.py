"""The supervisor with real child processes: small modules written for the test."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vms.clock import SystemClock
from vms.process import running_pid
from vms.supervise import ProcessSpec, Supervisor

CHILD = """
import sys, signal, threading
from pathlib import Path
from vms.process import process_lock
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
run_dir, name = Path(sys.argv[1]), sys.argv[2]
if name == "misconfigured":
    sys.exit(2)
if name == "job":
    (run_dir / "job.started").open("a").write("x")
    sys.exit(0)
with process_lock(run_dir, name):
    (run_dir / f"{name}.started").open("a").write("x")
    stop.wait(30)
    (run_dir / f"{name}.clean").touch()
"""


@pytest.fixture
def child_environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "child_of_test.py").write_text(CHILD)
    paths = [str(tmp_path), *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


class Running:
    def __init__(self, run_dir: Path, environment: dict[str, str], *names: str) -> None:
        specs = [ProcessSpec(name, "child_of_test", (str(run_dir), name)) for name in names]
        self.supervisor = Supervisor(specs, run_dir, SystemClock(), environment)
        self.stop = threading.Event()
        self.result: list[bool] = []
        self.thread = threading.Thread(target=lambda: self.result.append(self.supervisor.run(self.stop)), daemon=True)
        self.thread.start()

    def end(self) -> bool:
        self.stop.set()
        self.thread.join(10)
        return self.result[0]


def eventually(condition: Callable[[], object], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_a_killed_process_comes_back_and_its_neighbour_is_not_touched(run_dir, child_environment) -> None:
    running = Running(run_dir, child_environment, "a", "b")
    eventually(lambda: running_pid(run_dir, "a") and running_pid(run_dir, "b"))
    first_a, first_b = running_pid(run_dir, "a"), running_pid(run_dir, "b")
    os.kill(first_a, signal.SIGKILL)
    eventually(lambda: running_pid(run_dir, "a") not in (None, first_a))
    assert running_pid(run_dir, "b") == first_b
    eventually(lambda: json.loads((run_dir / "processes.json").read_text())[0]["restarts"] == 1)
    assert running.end() is True
    assert (run_dir / "a.clean").exists()
    assert (run_dir / "b.clean").exists()


def test_a_new_supervisor_adopts_what_outlived_the_old_one(run_dir, child_environment) -> None:
    old = Running(run_dir, child_environment, "a")
    eventually(lambda: running_pid(run_dir, "a"))
    survivor = running_pid(run_dir, "a")
    new = Running(run_dir, child_environment, "a")
    eventually(lambda: (run_dir / "processes.json").exists())
    eventually(lambda: [child.pid for child in new.supervisor._children] == [survivor])
    assert (run_dir / "a.started").read_text() == "x"
    new.end()
    assert running_pid(run_dir, "a") != survivor
    old.end()


def test_a_wrong_configuration_ends_everything_instead_of_restarting_for_ever(run_dir, child_environment) -> None:
    running = Running(run_dir, child_environment, "a", "misconfigured")
    running.thread.join(10)
    assert running.result == [False]
    assert running_pid(run_dir, "a") is None


def test_a_job_runs_once(run_dir, child_environment) -> None:
    specs = [ProcessSpec("job", "child_of_test", (str(run_dir), "job"), once=True)]
    supervisor = Supervisor(specs, run_dir, SystemClock(), child_environment)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: supervisor.run(stop), daemon=True)
    thread.start()
    listing = run_dir / "processes.json"
    eventually(lambda: listing.exists() and json.loads(listing.read_text())[0]["state"] == "done")
    stop.set()
    thread.join(10)
    assert (run_dir / "job.started").read_text() == "x"


def test_a_process_that_may_not_start_yet_holds_nobody_else_up(run_dir, child_environment) -> None:
    allowed = threading.Event()
    specs = [
        ProcessSpec("late", "child_of_test", (str(run_dir), "late"), may_start=allowed.is_set),
        ProcessSpec("prompt", "child_of_test", (str(run_dir), "prompt")),
    ]
    supervisor = Supervisor(specs, run_dir, SystemClock(), child_environment)
    stop = threading.Event()
    thread = threading.Thread(target=lambda: supervisor.run(stop), daemon=True)
    thread.start()
    eventually(lambda: running_pid(run_dir, "prompt"))
    assert running_pid(run_dir, "late") is None
    allowed.set()
    eventually(lambda: running_pid(run_dir, "late"))
    stop.set()
    thread.join(10)
    assert (run_dir / "late.clean").exists()
