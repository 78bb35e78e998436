"""kill -9 of the real web process while it makes exports: each is taken up again or gone, none is left half."""

import io
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.forked import serving
from tests.web.bundle.evidence import Evidence, recorded_mp4
from tests.web.bundle.test_bundle_jobs import AGE, asked, wanted
from tests.web.served_site import MASKED, OPEN, Site, eventually
from vms.clock import SystemClock
from web.bundle.verify import verify_export
from web.server import ADDRESS_FILE

ROUNDS = int(os.environ.get("UITKIJK_EXPORT_KILLS", "1"))
"""More for a soak: UITKIJK_EXPORT_KILLS=100."""
LONGEST_S = 0.6
CAMERAS = "".join(
    f'[[cameras]]\nid = "{name}"\nnumber = {number}\nname = "{name}"\nmain = "rtsp://127.0.0.1:9/{number}"\n'
    for number, name in enumerate((OPEN, MASKED), start=1)
)


@pytest.fixture
def stocked(site: Site, evidence: Evidence) -> Site:
    """Footage of now, and keys; its web application is stopped, for the real process takes over."""
    site.stop_web()
    site.clock.us = SystemClock().now_us()
    shutil.copy(evidence.config.export_key_file, site.config.export_key_file)
    site.live.clip = recorded_mp4(0)
    for camera in (OPEN, MASKED):
        site.segment(camera, age=AGE, content=site.live.clip, profile="main")
    return site


class Web:
    def __init__(self, site: Site, process: "subprocess.Popen[str]") -> None:
        self._site = site
        self._process = process
        self._pid = 0

    def start(self) -> None:
        address = self._site.config.run_dir / ADDRESS_FILE
        address.unlink(missing_ok=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._pid = int(self._process.stdout.readline())
        eventually(address.exists)
        self._site.url = json.loads(address.read_bytes())["url"]
        eventually(lambda: answers(self._site))

    def kill(self) -> None:
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == "gone\n"
        self._pid = 0


@pytest.fixture
def web(stocked: Site) -> Iterator[Web]:
    """Start the real process on the site's data, and kill it (-9)."""
    site, web = f'[site]\nname = "Venlo"\ndata_dir = "{stocked.directory}"\n', '[web]\nlisten = "127.0.0.1:0"\n'
    text = f'{site}{web}second_factor = "off"\n{CAMERAS}'
    (stocked.directory / "site.toml").write_text(text)
    with serving("tests.web.bundle.web_child", stocked.directory) as process:
        made = Web(stocked, process)
        yield made
        made.kill()


def answers(site: Site) -> bool:
    try:
        return site.client().get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def files(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def bundle_of(site: Site, *cameras: str) -> str:
    request = asked(site, cameras=list(cameras))
    officer = site.person("evidence_officer")
    assert officer.patch(f"/api/requests/{request}", json={"decision": "granted"}).status_code == 200
    return str(officer.post("/api/bundles", json={"request": request}).json()["id"])


def fragment_of(site: Site) -> str:
    reviewer = site.client("police_reviewer")
    span = {name: wanted(site)[name] for name in ("from", "to")}
    wish = {"camera": MASKED, "consultation": site.consultation(reviewer), **span}
    answer = reviewer.post("/api/exports", json=wish)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def finished(site: Site, bundle: str) -> bytes:
    officer = site.client("evidence_officer")

    def is_done() -> bool:
        job = officer.get(f"/api/bundles/{bundle}").json()
        assert job["state"] in ("queued", "busy", "done"), job
        return job["state"] == "done"

    eventually(is_done, timeout_s=40)
    return officer.get(f"/api/bundles/{bundle}/file").content


def test_what_was_being_made_when_web_was_killed_is_finished_or_gone_at_the_next_start(stocked: Site, web: Web) -> None:
    stocked.live.hold_clip.clear()
    fragments, bundles = stocked.config.site.data_dir / "exports", stocked.config.bundles_dir
    web.start()
    bundle, fragment = bundle_of(stocked, MASKED, OPEN), fragment_of(stocked)
    eventually(lambda: any(path.stat().st_size for path in bundles.rglob("*.part")))
    eventually((fragments / f"{fragment}.mp4").exists)
    web.kill()
    assert files(bundles) == [f"{bundle}/staged/000.part"]
    stocked.live.hold_clip.set()
    chance = random.Random(11)
    for _ in range(ROUNDS):
        web.start()
        assert files(fragments) == []
        time.sleep(chance.random() * LONGEST_S)
        web.kill()
    web.start()
    gone = stocked.client("police_reviewer").get(f"/api/exports/{fragment}")
    assert (gone.status_code, gone.json()["code"]) == (410, "export_gone")
    assert verify_export(io.BytesIO(finished(stocked, bundle))).is_intact
    assert files(bundles) == [f"{bundle}/export.zip"]
