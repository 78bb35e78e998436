"""The demo as a user starts it: one command, its own directory, free ports; and what its street can be told."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from e2e.waiting import wait_for
from ingest.simulator.street import Street
from ingest.simulator.street_server import make_specs
from vms.cli.demo_history import lay_down_history
from vms.cli.demo_site import load_demo_site, open_demo_site
from vms.cli.options import open_store
from vms.cli.serve import prepare
from vms.clock import SystemClock
from vms.config import SiteConfig, load_config
from vms.store import catalog
from vms.store.catalog import Segment
from vms.units import US_PER_SECOND, utc_from_us

CAMERAS = 9
CAMERAS_PER_PROCESS = 5
"""So that every test here runs on a site of two capture groups."""
DAY_US = 86_400 * US_PER_SECOND
VMS = (sys.executable, "-c", "from vms.cli import main; main()")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@dataclass
class Product:
    """A demo in `directory`. old: footage of nearly 28 days ago, laid down before the start."""

    directory: Path
    street: Street
    old: Segment
    process: "subprocess.Popen[bytes] | None" = None
    seen_pids: set[int] = field(default_factory=set)

    @cached_property
    def config(self) -> SiteConfig:
        return load_config(self.directory / "site.toml")

    @cached_property
    def camera_ids(self) -> list[str]:
        return [camera.id for camera in self.config.cameras]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.config.web.port}"

    @property
    def password(self) -> str:
        return (self.directory / "demo.password").read_text().strip()

    def start(self) -> None:
        command = [*VMS, "demo", "--cameras", str(CAMERAS), "--port", "0", "--dir", str(self.directory)]
        with (self.directory / "demo.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_for(self._is_ready, "the pages answer", timeout_s=60)
        self.pids()

    def stop(self) -> int:
        """As Ctrl-C does. The exit code of the command."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()[-2000:]
        assert "ImportError" not in self.log(), self.log()[-2000:]
        try:
            return httpx.get(f"{self.base}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def log(self) -> str:
        return (self.directory / "demo.log").read_text(errors="replace")

    def pids(self) -> dict[str, int]:
        """Of the processes that run now, by name."""
        file = self.config.run_dir / "processes.json"
        listing = json.loads(file.read_text()) if file.exists() else []
        found = {entry["name"]: entry["pid"] for entry in listing if entry["state"] == "running"}
        self.seen_pids |= set(found.values())
        return found

    def vms(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another `vms` command on this site."""
        command = [*VMS, *arguments, "--config", str(self.directory / "site.toml")]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    @contextmanager
    def client(self, role: str) -> Iterator[httpx.Client]:
        """Logged in."""
        with httpx.Client(base_url=self.base, timeout=20) as client:
            answer = client.post("/api/login", json={"username": role, "password": self.password})
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
            yield client

    # The street

    @cached_property
    def _ports(self) -> dict[str, Any]:
        return dict(json.loads((self.directory / "street.json").read_text()))

    def truth(self, camera: str, at_us: int | None = None) -> dict[str, Any]:
        """Where the camera really looks (now, or at a server time)."""
        query = {} if at_us is None else {"at_us": at_us}
        return dict(httpx.get(f"{self._control}/cameras/{camera}/truth", params=query, timeout=10).json())

    def fault(self, camera: str, **fields: Any) -> None:
        answer = httpx.post(f"{self._control}/cameras/{camera}/faults", json=fields, timeout=10)
        assert answer.status_code == 200, answer.text

    def clear_faults(self) -> None:
        assert httpx.post(f"{self._control}/faults/clear", timeout=10).status_code == 200

    @property
    def _control(self) -> str:
        return f"http://127.0.0.1:{self._ports['control_port']}"

    def camera_url(self, camera: str, profile: str) -> str:
        """The camera's own unmasked stream, as the recorder reads it."""
        password = (self.directory / "camera.password").read_text().strip()
        return f"rtsp://vms:{password}@127.0.0.1:{self._ports['rtsp_port']}/{camera}/{profile}"


def make_product(directory: Path, expires_in_s: int) -> Product:
    """A site with short segments and some footage whose 28 days are over in so many seconds; not started yet.

    The purge runs at the start and then not again for an hour: the tests run it themselves.
    """
    street = Street()
    open_demo_site(directory, CAMERAS, 0, street)
    recorder = f"segment_s = 10\ncameras_per_process = {CAMERAS_PER_PROCESS}"
    _adjust(directory / "site.toml", {"segment_s = 60": recorder, "interval_s = 120": "interval_s = 3600"})
    config = load_config(directory / "site.toml")
    prepare(config)
    ahead_us = round(config.retention.ahead.total_seconds()) * US_PER_SECOND
    start_us = SystemClock().now_us() - config.retention.days * DAY_US + ahead_us + expires_in_s * US_PER_SECOND
    spec = make_specs(load_demo_site(directory).options)[1]
    with open_store(config) as store:
        lay_down_history(config, store, SystemClock(), street, [spec], [start_us], duration_s=10)
        with store.reading() as tx:
            until = utc_from_us(start_us + 60 * US_PER_SECOND)
            old = catalog.segments(tx, spec.id, "sub", utc_from_us(start_us), until)[0]
    return Product(directory, street, old)


def _adjust(config_file: Path, changes: dict[str, str]) -> None:
    text = config_file.read_text()
    for before, after in changes.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    config_file.write_text(text)
