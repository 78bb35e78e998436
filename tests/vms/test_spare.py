"""A spare takes the place of a process that fell, with real child processes: a small module written for the test."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.vms.test_supervise import eventually
from vms import spare
from vms.clock import SystemClock
from vms.process import running_pid
from vms.supervise import ProcessSpec, Supervisor

CHILD = """
import os, signal, sys, threading
from pathlib import Path
from vms.process import process_lock
here = Path(__file__).parents[1]
(here / "ready").open("a").write(f"{os.getpid()}\\n")

def main():
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with process_lock(Path(sys.argv[1]), sys.argv[2]):
        (here / "input").write_text(sys.stdin.read() + os.readlink("/proc/self/fd/0"))
        stop.wait(30)
    return int(sys.argv[3])

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "child_with_spare").mkdir()
    (tmp_path / "child_with_spare" / "__main__.py").write_text(CHILD)
    paths = [str(tmp_path), *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def ready(directory: Path) -> list[int]:
    """Pids of those that have imported everything, in order."""
    file = directory / "ready"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_spare_that_has_imported_everything_takes_the_place_of_a_killed_process(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spare, "QUIET_S", 0.0)
    run_dir = tmp_path / "run"
    specs = [ProcessSpec("a", "child_with_spare", (str(run_dir), "a", "0"), has_spare=True)]
    supervisor, stop = Supervisor(specs, run_dir, SystemClock(), environment), threading.Event()
    thread = threading.Thread(target=supervisor.run, args=(stop,), daemon=True)
    thread.start()
    eventually(lambda: running_pid(run_dir, "a") and len(ready(tmp_path)) == 2)
    first = running_pid(run_dir, "a")
    waiting = next(pid for pid in ready(tmp_path) if pid != first)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: running_pid(run_dir, "a") == waiting)
    eventually(lambda: (tmp_path / "input").read_text() == os.devnull)
    eventually(lambda: len(ready(tmp_path)) == 3)
    stop.set()
    thread.join(10)
    assert not any(is_there(pid) for pid in ready(tmp_path))


def test_a_spare_waits_until_all_is_quiet(environment: dict[str, str]) -> None:
    spares = spare.Spares(SystemClock(), environment)
    spares.keep("child_with_spare")
    assert spares.take("child_with_spare", ()) is None


def test_a_spare_ends_with_its_supervisor_and_without_having_begun(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "vms.spare", "child_with_spare"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as waiting:
        eventually(lambda: ready(tmp_path) == [waiting.pid])
        waiting.stdin.close()
        assert waiting.wait(10) == 0
    assert not (tmp_path / "input").exists()


def test_a_spare_that_died_is_noticed_and_costs_nothing(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(spare, "QUIET_S", 0.0)
    spares = spare.Spares(SystemClock(), environment)
    spares.keep("no_such_module")
    eventually(lambda: spares._spares["no_such_module"].poll())
    assert spares.take("no_such_module", ()) is None
    spares.keep("no_such_module")
    assert [record.message for record in caplog.records] == ["spare_ended"]
    spares.end()
