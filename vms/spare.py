"""A process that has imported everything and waits to take the place of one that fell: `python -m vms.spare MODULE`.

On a busy machine a recorder takes seconds to import what it needs, and nothing is recorded meanwhile. A spare knows
nothing before it is used (no configuration, no credential, no lock, no name): its arguments come over its standard
input, once. When the supervisor goes before that, the input ends and so does the spare.
"""

import importlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from vms.clock import Clock

log = logging.getLogger(__name__)

QUIET_S = 10.0
"""A spare is made when nothing was started for so long: it must not compete with those that are starting."""


class Spares:
    """The supervisor's side: at most one spare per module."""

    def __init__(self, clock: Clock, environment: Mapping[str, str] | None) -> None:
        self._clock = clock
        self._environment = environment
        self._spares: dict[str, subprocess.Popen[bytes]] = {}
        self._quiet_since_s = clock.monotonic_s()

    def started(self) -> None:
        """Something was started just now."""
        self._quiet_since_s = self._clock.monotonic_s()

    def keep(self, module: str) -> None:
        """Have one ready, if it is time to make one."""
        spare = self._spares.get(module)
        if spare is not None and spare.poll() is not None:
            log.warning("spare_ended", extra={"module_of_process": module, "exit_code": spare.returncode})
            self._drop(module)
            self.started()
        elif spare is None and self._clock.monotonic_s() - self._quiet_since_s >= QUIET_S:
            self._spares[module] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "vms.spare", module],
                stdin=subprocess.PIPE,
                start_new_session=True,
                env=self._environment,
            )

    def take(self, module: str, arguments: Sequence[str]) -> "subprocess.Popen[bytes] | None":
        """The spare, now at work with these arguments; None when there is none. Never waits for it."""
        spare = self._spares.get(module)
        if spare is None or spare.stdin is None or spare.poll() is not None:
            return None
        try:
            spare.stdin.write(json.dumps([*arguments]).encode() + b"\n")  # far less than a pipe holds
            spare.stdin.close()
        except BrokenPipeError:
            return None
        return self._spares.pop(module)

    def end(self) -> None:
        for module in list(self._spares):
            self._drop(module)

    def _drop(self, module: str) -> None:
        spare = self._spares.pop(module)
        spare.kill()
        spare.wait()
        if spare.stdin is not None:
            spare.stdin.close()


def main() -> int:
    module = sys.argv[1]
    loaded = importlib.import_module(f"{module}.__main__")
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return 0
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    sys.argv = [module, *json.loads(line)]
    code: int = loaded.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
