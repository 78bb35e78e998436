"""The demo as a user starts it, for the privacy bench: started, told to fail, steered as an observer steers it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ingest import ptz_messages
from ingest.onvif_client import resolve_camera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import OnvifLink
from ingest.simulator.model import SimCameraSpec, ViewDeg
from ingest.simulator.street_server import make_specs
from vms.cli.bench_privacy_path import UNWATCHED_S, Leg
from vms.cli.bench_rig import stop as stop_processes
from vms.cli.demo_site import DemoSite, load_demo_site
from vms.clock import Clock
from vms.config import SiteConfig, load_config
from vms.errors import CameraError, UitkijkError

_READY_S = 120.0
_HEARTBEAT_S = 0.2
_ONVIF_TIMEOUT_S = 3.0
_CALIBRATE_S = 1800.0
_VMS = (sys.executable, "-c", "from vms.cli import main; main()")


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a camera really looked, knocks included."""

    view: ViewDeg
    zoom: float
    moving: bool


class Rig:
    """A running demo. `truth` may be called from any thread, the rest from one."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.site: DemoSite = load_demo_site(directory)
        self.config: SiteConfig = load_config(self.site.config_file)
        specs = make_specs(self.site.options)
        self.cameras: dict[str, SimCameraSpec] = {spec.id: spec for spec in specs if spec.ptz}
        self._ports = {spec.id: self.site.options.onvif_port + index for index, spec in enumerate(specs)}
        self._clock = clock
        self.base_url = f"http://{self.config.web.host}:{self.config.web.port}"
        self._pages = httpx.Client(base_url=self.base_url, timeout=10)
        self._street = httpx.Client(base_url=f"http://127.0.0.1:{self.site.options.control_port}", timeout=10)
        self.headers: dict[str, str] = {}

    def close(self) -> None:
        self._pages.close()
        self._street.close()

    def sign_in(self) -> None:
        body = {"username": "observer", "password": self.site.login_password}
        answer = self._pages.post("/api/login", json=body).raise_for_status()
        cookies = "; ".join(f"{name}={value}" for name, value in self._pages.cookies.items())
        self.headers = {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf_token"]}
        self._pages.headers["X-CSRF-Token"] = self.headers["X-CSRF-Token"]

    def is_up(self) -> bool:
        """The pages answer, and every PTZ camera can be steered."""
        try:
            if self._pages.get("/readyz").status_code != 200:
                return False
            if not self.headers:
                self.sign_in()
            asked = [self._pages.get(f"/api/cameras/{camera}/ptz/presets") for camera in self.cameras]
        except (httpx.HTTPError, KeyError):
            return False
        return all(answer.status_code == 200 for answer in asked)

    def truth(self, camera: str, at_us: int | None = None) -> Truth:
        """Raises httpx.HTTPError."""
        query = {} if at_us is None else {"at_us": at_us}
        told = self._street.get(f"/cameras/{camera}/truth", params=query).raise_for_status().json()
        view = ViewDeg(told["pan_deg"], told["tilt_deg"], told["hfov_deg"])
        return Truth(view, told["zoom"], told["moving"])

    def fault(self, camera: str, **fields: Any) -> None:
        self._street.post(f"/cameras/{camera}/faults", json=fields).raise_for_status()

    def clear_faults(self) -> None:
        self._street.post("/faults/clear").raise_for_status()

    def calibrate(self, camera: str) -> str:
        """As a technician does: some minutes. Answers what it found. Raises UitkijkError."""
        command = [*_VMS, "calibrate", camera, "--config", str(self.site.config_file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_CALIBRATE_S, check=False)  # noqa: S603
        if done.returncode:
            raise UitkijkError(f"{camera} was not calibrated: {done.stderr[-300:]}")
        return done.stdout.rstrip()

    def drive(self, camera: str, leg: Leg) -> None:
        """One leg, moving part only. What the product refuses is not moved."""
        if leg.kind == "home":
            self._clock.sleep_s(UNWATCHED_S)
        until_s = self._clock.monotonic_s() + leg.duration_s
        if leg.kind == "reboot":
            self._street.post(f"/cameras/{camera}/reboot").raise_for_status()
        elif leg.kind == "home":
            self._home(camera)
        elif leg.kind == "preset":
            self._steer(camera, "goto", {"preset": leg.preset})
        else:
            velocity = {"pan": leg.pan, "tilt": leg.tilt, "zoom": leg.zoom}
            while self._clock.monotonic_s() < until_s:
                self._steer(camera, "move", velocity)
                self._clock.sleep_s(min(_HEARTBEAT_S, max(0.0, until_s - self._clock.monotonic_s())))
            self._steer(camera, "stop", None)
        self._clock.sleep_s(max(0.0, until_s - self._clock.monotonic_s()))

    def _steer(self, camera: str, verb: str, body: dict[str, Any] | None) -> None:
        answer = self._pages.post(f"/api/cameras/{camera}/ptz/{verb}", json=body)
        if answer.status_code == 409:
            self._pages.post(f"/api/cameras/{camera}/ptz/lock")

    def _home(self, camera: str) -> None:
        """By another client of the camera: nobody tells the product."""
        options = self.site.options
        endpoint = OnvifEndpoint(options.host, self._ports[camera], options.username, options.password)
        try:
            known = resolve_camera(endpoint, _ONVIF_TIMEOUT_S, self._clock)
            link = OnvifLink(endpoint, self._clock, known.skew)
            link.ask(known.ptz_path or "", ptz_messages.goto_home(known.ptz_token or ""), _ONVIF_TIMEOUT_S)
            link.close()
        except CameraError:
            return


@contextmanager
def running_rig(work: Path, cameras: int, clock: Clock) -> Iterator[Rig]:
    """Street and product, once every camera is up. Raises UitkijkError when that does not come."""
    directory = work / "demo"
    command = [*_VMS, "demo", "--port", "0", "--cameras", str(cameras), "--dir", str(directory)]
    log_file = work / "demo.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
    rig: Rig | None = None
    try:
        _wait((directory / "street.json").exists, process, clock)
        rig = Rig(directory, clock)
        _wait(rig.is_up, process, clock)
    except UitkijkError as error:
        raise UitkijkError(f"{error}: {log_file.read_text(errors='replace')[-300:]}") from error
    else:
        yield rig
    finally:
        if rig is not None:
            rig.close()
        stop_processes([process])


def _wait(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", clock: Clock) -> None:
    until_s = clock.monotonic_s() + _READY_S
    while not _is_ready(ready):
        if process.poll() is not None or clock.monotonic_s() > until_s:
            raise UitkijkError("the demo did not start")
        clock.sleep_s(0.2)


def _is_ready(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except (OSError, json.JSONDecodeError):
        return False
