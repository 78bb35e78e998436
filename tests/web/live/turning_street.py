"""The simulated street with one PTZ camera, its capture process and a live process, for tests that turn it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from live_site import mask_document

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, PAN_RANGE_DEG, TILT_RANGE_DEG
from vms.bus import request
from vms.cli.demo_site import mask_sets
from vms.config import SiteConfig, load_config

CAMERA = "markt-01"
PASSWORD = "straatbeeld"
LENS = {
    "pan_range_deg": list(PAN_RANGE_DEG),
    "tilt_range_deg": list(TILT_RANGE_DEG),
    "hfov_deg_at_zoom": [list(row) for row in HFOV_DEG_AT_ZOOM],
}


def leaked_pixels(bgr: np.ndarray) -> int:
    """Pixels of the reserved magenta of home windows."""
    blue, green, red = (bgr[:, :, channel].astype(int) for channel in range(3))
    return int(((np.minimum(blue, red) > 110) & (np.minimum(blue, red) - green > 70)).sum())


def is_blank(bgr: np.ndarray) -> bool:
    return float(bgr.std()) < 1.0


@dataclass
class TurningStreet:
    config: SiteConfig
    control_port: int

    def ptz(self, op: str, **fields: Any) -> dict[str, Any]:
        return request(self.config.control_endpoint(0), {"op": op, "camera": CAMERA, **fields})

    def fault(self, **fields: Any) -> None:
        answer = httpx.post(f"http://127.0.0.1:{self.control_port}/cameras/{CAMERA}/faults", json=fields)
        assert answer.status_code < 300, answer.text


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def street_masks() -> dict[str, Any]:
    """The demo's: a box round the windows of each home, 0.4 degrees wider, from the street's own ground truth."""
    from ingest.simulator.street import Street
    from ingest.simulator.street_server import StreetOptions, make_specs

    (document,) = mask_sets(Street(), make_specs(StreetOptions(cameras=1)))
    return mask_document(CAMERA, *document["masks"], lens=LENS)


@contextmanager
def turning_street(directory: Path, masks: str = "required") -> Iterator[TurningStreet]:
    """Street and capture as processes; the caller runs live."""
    rtsp, onvif, control = free_port(), free_port(), free_port()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pw").write_text(PASSWORD)
    config_file = directory / "site.toml"
    config_file.write_text(
        f"""
[site]
data_dir = "{directory}"
[live]
addresses = ["127.0.0.1"]
[recorder]
segment_s = 10
[decisions]
enforce = false
[[cameras]]
id = "{CAMERA}"
number = 1
name = "Markt"
kind = "ptz"
masks = "{masks}"
onvif = {{ host = "127.0.0.1", port = {onvif}, username = "vms", password_file = "pw" }}
"""
    )
    config = load_config(config_file)
    ports = ["--rtsp-port", rtsp, "--onvif-port", onvif, "--control-port", control]
    street = [sys.executable, "-m", "ingest.simulator", "--cameras", "1", "--no-discovery", "--json", *map(str, ports)]
    environment = os.environ | {"VMS_SIMULATE_PASSWORD": PASSWORD}
    processes = [
        subprocess.Popen(street, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL),
        subprocess.Popen(
            [sys.executable, "-m", "recorder", "--config", str(config_file), "--group", "0"],
            stderr=subprocess.DEVNULL,
        ),
    ]
    try:
        yield TurningStreet(config, control)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)
            if process.stdout:
                process.stdout.close()


def wait_for(check: Any, timeout_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < deadline_s, "not in time"
        time.sleep(0.1)
