"""Every screen in both themes, of a demo that it starts: `.venv/bin/python tools/screenshots.py [--only muur]`.

Writes docs/images/schermen/NAME-licht.jpg and -donker.jpg, which docs/schermen.md shows. Some minutes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from vms.cli.bench_privacy_rig import Rig, running_rig
from vms.clock import SystemClock

OUT = Path(__file__).parent.parent / "docs" / "images" / "schermen"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--allow-loopback-in-peer-connection"),
]
CAMERAS = 9
RECORDED_S = 100
THEMES = ("licht", "donker")
Prepare = Callable[[Page], None]


def nothing(page: Page) -> None:
    del page


def live(page: Page) -> None:
    expect(page.locator('vms-tile[data-state="live"]')).not_to_have_count(0, timeout=30_000)
    expect(page.locator('vms-tile[data-camera]:not([data-state="live"])')).to_have_count(0, timeout=30_000)


def wall_with(*keys: str) -> Prepare:
    def prepare(page: Page) -> None:
        live(page)
        for key in keys:
            page.keyboard.press(key)

    return prepare


def consulted(page: Page) -> None:
    page.select_option("#purpose", "opsporing")
    page.fill("#reference", "BVH 2026-118822")
    page.click("form.purpose button.primary")
    page.wait_for_selector("form.query")


def played(page: Page) -> None:
    consulted(page)
    page.click("form.query button.primary")
    until_s = time.monotonic() + 30
    while not page.evaluate("document.querySelector('video')?.readyState >= 3") and time.monotonic() < until_s:
        page.wait_for_timeout(200)


@dataclass(frozen=True)
class Screen:
    """role: who looks; "" = nobody signed in."""

    name: str
    role: str
    path: str
    prepare: Prepare = nothing


SCREENS = (
    Screen("inloggen", "", "/inloggen"),
    Screen("muur", "observer", "/muur", live),
    Screen("muur-tegels", "observer", "/muur", wall_with("*", "4")),
    Screen("muur-negen", "observer", "/muur", wall_with("*", "5")),
    Screen("muur-alle-cameras", "observer", "/muur", wall_with("*", "8")),
    Screen("muur-kaart", "observer", "/muur", wall_with("m")),
    Screen("muur-incident", "observer", "/muur", wall_with("i")),
    Screen("muur-zoeken", "observer", "/muur", wall_with("/")),
    Screen("muur-toetsen", "observer", "/muur", wall_with("?")),
    Screen("dienst", "shift_manager", "/dienst"),
    Screen("incidenten", "shift_manager", "/incidenten"),
    Screen("terugkijken-doel", "police_reviewer", "/terugkijken"),
    Screen("terugkijken", "police_reviewer", "/terugkijken", played),
    Screen("veiliggesteld", "evidence_officer", "/veiliggesteld"),
    Screen("verzoeken", "evidence_officer", "/verzoeken"),
    Screen("controle", "evidence_officer", "/controle"),
    Screen("techniek", "technician", "/techniek"),
    Screen("maskers", "privacy_officer", "/maskers"),
    Screen("toezicht", "privacy_officer", "/toezicht"),
    Screen("besluiten", "policy_officer", "/besluiten"),
    Screen("account", "admin", "/account"),
    Screen("geen-toegang", "observer", "/techniek"),
)


class Member:
    """Somebody signed in, by the API."""

    def __init__(self, rig: Rig, role: str) -> None:
        self._http = httpx.Client(base_url=rig.base_url, timeout=20)
        body = {"username": role, "password": rig.site.login_password}
        self._http.headers["X-CSRF-Token"] = self._http.post("/api/login", json=body).json()["csrf_token"]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._http.post(path, json=body).raise_for_status().json()

    def get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()


def fill(rig: Rig) -> None:
    """Something on each screen, as a shift leaves it."""
    now = datetime.now(UTC)
    span = {"from": (now - timedelta(seconds=80)).isoformat(), "to": (now - timedelta(seconds=20)).isoformat()}
    camera, *others = list(rig.config.cameras)[:3]
    observer = Member(rig, "observer")
    categories = observer.get("/api/incidents/categories")["categories"]
    for category in categories[:3]:
        observer.post("/api/incidents", {"cameras": [camera.id], "category": category["id"], "note": "groep, verbaal"})
    hold = {"case_number": "PL0600-2026118822", "basis": "sv_126nd", "requester": "OvJ mr. A. de Wit"}
    Member(rig, "evidence_officer").post("/api/holds", {"cameras": [camera.id], **span, **hold})
    asked = {"organisation": "Politie", "requester": "A. Jansen", "case_number": "PL0600-2026118822"}
    cameras = [camera.id, *(other.id for other in others)]
    Member(rig, "police_reviewer").post(
        "/api/requests", {"cameras": cameras, **span, **asked, "legal_basis": "126nda Sv"}
    )


def take(browser: Browser, rig: Rig, screen: Screen, out: Path) -> None:
    for theme in THEMES:
        context = browser.new_context(base_url=rig.base_url, viewport={"width": 1440, "height": 900}, locale="nl-NL")
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(f"/inloggen?thema={theme}")
        if screen.role:
            page.fill('[name="username"]', screen.role)
            page.fill('[name="password"]', rig.site.login_password)
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/inloggen" not in url)
            page.goto(screen.path)
        screen.prepare(page)
        page.wait_for_timeout(6000)  # the sheet of all cameras comes every few seconds
        page.screenshot(path=out / f"{screen.name}-{theme}.jpg", type="jpeg", quality=70)
        context.close()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", action="append", help="screens whose names start like this")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    screens = [one for one in SCREENS if not chosen.only or one.name.startswith(tuple(chosen.only))]
    with (
        tempfile.TemporaryDirectory() as directory,
        running_rig(Path(directory), CAMERAS, SystemClock()) as rig,
        sync_playwright() as driver,
    ):
        time.sleep(RECORDED_S)
        fill(rig)
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for screen in screens:
            print(screen.name, flush=True)
            take(browser, rig, screen, chosen.out)
        browser.close()


if __name__ == "__main__":
    main()
