"""`vms export create`, forked anew for each line: a moment and arguments. At that moment it waits to be killed."""

import json
import signal
from typing import Any

from tests.forked import say_pid, serve
from vms.cli import export_create  # noqa: F401 – before the fork, because it takes longest
from vms.cli.export import export_app
from web.bundle import make, staged

MOMENTS = {"sealed": (staged, "seal"), "packed": (make, "write_package")}
"""The video is there whole, not yet in the zip; the zip is there whole, not yet under its name."""


def work(line: str) -> None:
    asked = json.loads(line)
    module, name = MOMENTS[asked["moment"]]
    reached = getattr(module, name)

    def reach_and_wait(*arguments: Any) -> None:
        reached(*arguments)
        say_pid()
        signal.pause()

    setattr(module, name, reach_and_wait)
    export_app(["create", *asked["options"]])


if __name__ == "__main__":
    serve(work)
