"""An observer's shift in a real Chromium: `.venv/bin/python tools/wall_soak.py --minutes 60 --tiles 25 --dir DIR`.

Simulated cameras and the whole system under its supervisor; a browser wall that is used all the time (layouts, calls,
steering, pages of tiles, reloads) while `live`, `web` and a capture process are killed (-9) in turn. At the end: how
much of the time tiles were live, what they were otherwise, how long each recovery took, and memory of browser and
server over time. JSON.
"""

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, sync_playwright

from vms.cli.bench_rig import pss_bytes, simulator, stop, write_site
from vms.config import SiteConfig
from vms.process import running_pid

VMS = Path(sys.executable).with_name("vms")
USER, PASSWORD = "observant", "een-lang-wachtwoord-voor-de-proef"
SECTIONS = '[web]\nlisten = "127.0.0.1:{port}"\n[live]\naddresses = ["127.0.0.1"]\n'
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--allow-loopback-in-peer-connection",
]
SAMPLE_EVERY_S = 2.0
RECOVERED_WITHIN_S = 90.0
COUNT_STATES = "tiles => tiles.filter(t => t.dataset.camera).map(t => t.dataset.state)"


def children(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from children(int(child))


@dataclass
class WallSoak:
    config: SiteConfig
    page: Page
    base: str
    chromium: int
    supervisor: int
    chance: random.Random
    states: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    recoveries: list[dict[str, Any]] = field(default_factory=list)
    memory: list[dict[str, float]] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def sample(self) -> bool:
        """True when every tile that shows a camera is live."""
        try:
            states = self.page.locator("vms-tile").evaluate_all(COUNT_STATES)
        except Error:
            states = ["page-gone"]
        self.states.update(states)
        return bool(states) and all(state == "live" for state in states)

    def weigh(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        session.detach()
        self.memory.append(
            {
                "minute": round((time.monotonic() - self.started_s) / 60, 1),
                "browser_mb": round(sum(map(pss_bytes, children(self.chromium))) / 1e6, 1),
                "server_mb": round(sum(map(pss_bytes, children(self.supervisor))) / 1e6, 1),
                "heap_mb": round(metrics["JSHeapUsedSize"] / 1e6, 2),
                "elements": metrics["Nodes"],
            }
        )

    def use(self) -> None:
        """What an observer does, one thing at a time."""
        acts = [self.change_layout, self.call_up, self.call_up, self.steer, self.turn_page, self.reload]
        act = self.chance.choices(acts, weights=[3, 4, 4, 4, 2, 1])[0]
        act()
        self.done[act.__name__] += 1

    def change_layout(self) -> None:
        self.page.keyboard.type(f"*{self.chance.randrange(1, 8)}")
        self.page.keyboard.press("Enter")

    def call_up(self) -> None:
        self.page.keyboard.type(str(self.chance.randrange(1, len(self.config.cameras) + 1)))
        self.page.keyboard.press("Enter")

    def steer(self) -> None:
        self.page.keyboard.press("p")
        key = self.chance.choice(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"])
        self.page.keyboard.down(key)
        self.page.wait_for_timeout(800)
        self.page.keyboard.up(key)
        self.page.keyboard.press("Escape")

    def turn_page(self) -> None:
        self.page.keyboard.press("PageDown")

    def reload(self) -> None:
        self.page.reload()

    def wall(self) -> None:
        """The full wall, whatever was shown before."""
        self.page.goto(f"{self.base}/muur?stand=25")

    def kill(self, name: str) -> None:
        """Until every tile is live again."""
        pid = running_pid(self.config.run_dir, name)
        if pid is None:
            return
        os.kill(pid, signal.SIGKILL)
        self.done[f"kill {name}"] += 1
        began_s, seen_down = time.monotonic(), False
        while time.monotonic() - began_s < RECOVERED_WITHIN_S:
            time.sleep(0.5)
            live = self.sample()
            seen_down |= not live
            if live and (seen_down or time.monotonic() - began_s > 10):
                break
        seconds = round(time.monotonic() - began_s, 1)
        self.recoveries.append({"killed": name, "tiles_down": seen_down, "live_again_s": seconds, "recovered": live})

    def run(self, minutes: float, kill_every_s: float) -> None:
        names = ["live", "web", "capture-0"]
        next_act_s = next_weigh_s = 0.0
        next_kill_s, kills = kill_every_s, 0
        while (since_s := time.monotonic() - self.started_s) < minutes * 60:
            self.sample()
            if since_s >= next_weigh_s:
                self.wall()
                time.sleep(20)
                self.weigh()
                next_weigh_s = since_s + 300
            elif since_s >= next_kill_s:
                self.wall()
                time.sleep(15)
                self.kill(names[kills % len(names)])
                kills += 1
                next_kill_s = since_s + kill_every_s
            elif since_s >= next_act_s:
                self.use()
                next_act_s = since_s + 10
            time.sleep(SAMPLE_EVERY_S)
        self.wall()
        time.sleep(20)
        self.weigh()

    def report(self) -> dict[str, Any]:
        total = sum(self.states.values())
        return {
            "minutes": round((time.monotonic() - self.started_s) / 60, 1),
            "live_pct": round(100 * self.states["live"] / max(1, total), 2),
            "tile_samples": dict(self.states.most_common()),
            "done": dict(self.done),
            "recoveries": self.recoveries,
            "memory": self.memory,
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--tiles", type=int, default=25, help="Cameras of the simulated street.")
    parser.add_argument("--kill-every-s", type=float, default=300)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--dir", type=Path)
    options = parser.parse_args()
    if options.dir is not None:
        options.dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="uitkijk-wall-", dir=options.dir) as directory:
        work = Path(directory)
        with simulator(work, options.tiles) as street:
            sections = SECTIONS.format(port=options.port)
            config = write_site(work / "site.toml", street, sections=sections, masks="none", by_onvif=True)
            (work / "site.toml").write_text(
                (work / "site.toml").read_text().replace("masks =", 'kind = "ptz"\nmasks =')
            )
            vms = [str(VMS), "users", "add", USER, "--role", "observer", "--config", str(work / "site.toml")]
            subprocess.run([str(VMS), "migrate", "--config", str(work / "site.toml")], check=True, stdout=sys.stderr)
            subprocess.run(vms, input=f"{PASSWORD}\n", text=True, check=True, stdout=sys.stderr)
            with (work / "serve.log").open("wb") as log:
                command = [str(VMS), "serve", "--config", str(work / "site.toml")]
                served = subprocess.Popen(command, stdout=log, stderr=log)
                try:
                    result = watch(config, served.pid, options)
                except Error as error:
                    sys.stderr.write(f"{error}\n{(work / 'serve.log').read_text()[-2000:]}\n")
                    return 1
                finally:
                    stop([served])
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0


def watch(config: SiteConfig, supervisor: int, options: argparse.Namespace) -> dict[str, Any]:
    base = f"http://127.0.0.1:{options.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        until(lambda: page.goto(f"{base}/muur"))
        page.fill("#username", USER)
        page.fill("input[type=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"^[^?]*/dienst"))
        begin_shift(page)
        page.wait_for_url(re.compile(r"^[^?]*/muur"))
        [chromium] = [pid for pid in children(os.getpid()) if is_browser(pid)][:1]
        soak = WallSoak(config, page, base, chromium, supervisor, random.Random(1))
        soak.run(options.minutes, options.kill_every_s)
        browser.close()
        return soak.report()


def begin_shift(page: Page) -> None:
    page.get_by_label("Coördinator van de politie").fill("De Boer")
    page.get_by_label("Werkplek").fill("uitkijkpost 1")
    page.get_by_role("button", name="Dienst beginnen").click()


def until(act: Callable[[], object]) -> None:
    for _ in range(60):
        try:
            act()
        except Error:
            time.sleep(1)
        else:
            return
    act()


def is_browser(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"chromium" in command[0] and not any(one.startswith(b"--type=") for one in command)


if __name__ == "__main__":
    sys.exit(main())
