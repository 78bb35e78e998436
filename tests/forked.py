"""Work in a process of its own that can be killed (-9) at any moment.

The child side (`serve`) forks for each line of its standard input, because importing everything takes longer than a
test should; the parent side (`killable`) starts it, and kills what it forked.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
Round = Callable[[float | None], None]
"""One piece of work, killed after so many seconds; None: to its end. What was done before the kill is no failure."""


def say_pid() -> None:
    """By the forked process, when the moments at which it may be killed begin."""
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()


def serve(work: Callable[[str], None]) -> None:
    """`work` gets each line of standard input in a process of its own; "gone" says that it ended."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(line)
            os._exit(0)
        os.waitpid(pid, 0)
        sys.stdout.write("gone\n")
        sys.stdout.flush()


@contextlib.contextmanager
def serving(module: str, directory: Path) -> Iterator["subprocess.Popen[str]"]:
    """`python -m module directory`, which calls `serve`."""
    command = [sys.executable, "-m", module, str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True, bufsize=1
    ) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


@contextlib.contextmanager
def killable(module: str, directory: Path) -> Iterator[Round]:
    with serving(module, directory) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def run(killed_after_s: float | None) -> None:
            stdin.write("go\n")
            pid = int(stdout.readline())
            if killed_after_s is not None:
                time.sleep(killed_after_s)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            assert stdout.readline() == "gone\n"

        yield run
