"""axe-core finds nothing on any page, in both themes and both languages; at 200 % nothing is lost.

By default the languages change hands with the themes, and keys go through some pages only; UITKIJK_AXE=1 does all.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_backend import Backend, lay_down_footage, make_backend, serving
from fake_incidents import an_incident
from fake_records import a_hold, now_us
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e

WHOLE = "UITKIJK_AXE" in os.environ
ENLARGED = (
    "/muur?stand=1%2B5",
    "/muur?stand=1%2B5&incident=1",
    "/muur?stand=alle",
    "/muur?stand=1&kaart=1",
    "/techniek",
)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
PAGES = {
    "/inloggen": (None, "#login"),
    "/muur?stand=1%2B5": ("observer", "vms-tile"),
    "/muur?stand=9": ("observer", "vms-tile"),
    "/muur?stand=alle": ("observer", ".overview button"),
    "/muur?stand=1&kaart=1": ("observer", ".pin"),
    "/terugkijken": ("police_reviewer", "vms-playback form"),
    "/veiliggesteld": ("evidence_officer", ".hold-card"),
    "/techniek": ("technician", ".cameras tbody tr"),
    "/toezicht": ("shift_manager", ".cameras tbody tr"),
    "/maskers": ("privacy_officer", "main h1"),
    "/dienst": ("observer", ".shift fieldset"),
    "/dienst?uren=1": ("shift_manager", ".watched td[data-share]"),
    "/muur?stand=1%2B5&incident=1": ("observer", ".marks button"),
    "/incidenten": ("policy_officer", "table.year tbody tr"),
    "/incidenten?nr=1": ("observer", "dialog.incident-open .history"),
    "/besluiten?verplaatsen=1": ("technician", ".placements button"),
    "/account": ("admin", "vms-sessions tbody tr"),
    "/account?geven=1": ("admin", '[data-account="piet"] > td:last-child button'),
    "/techniek?geweigerd=1": ("observer", ".message"),
}

FORMS = {
    "/besluiten?verplaatsen=1": "dialog[open]",
    "/account?geven=1": "dialog[open]",
    "/muur?stand=1%2B5&incident=1": ".incident-drawer",
}
"""Whose button is pressed first: what it opens is looked at."""


@pytest.fixture(scope="module")
def backend() -> Backend:
    made = make_backend(6)
    made.has_video = False
    made.raise_alarm("camera-02", "camera_lost", "Geen beeld: niet bereikbaar")
    start_us = lay_down_footage(made)
    secured = {"state": "secured", "root": "ab" * 32, "files": 4, "bytes": 10**8, "review_due": True, "damaged": 1}
    made.holds += [a_hold(1, start_us, start_us + 10**8, problem="full"), a_hold(2, start_us, start_us + 1, **secured)]
    made.states["camera-01"] |= {"ptz": "patrol", "patrol": {"name": "Nacht", "state": "running", "by": "Jan de Wit"}}
    steps = [{"camera": f"camera-{n:02d}", "at_us": now_us()} for n in (1, 2, 9)]
    trail = {"id": 1, "owner": "jan", "name": "", "started_us": now_us(), "ended_us": None, "steps": steps}
    made.trails.append(trail)
    made.incidents.append(an_incident(1, now_us(), trail=steps, revision=2, follow_ups={"loos": 1}))
    return made


@pytest.fixture(scope="module")
def address(backend: Backend) -> Iterator[str]:
    with serving(backend) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Without transitions: a colour on its way to another theme is nobody's colour."""
    size = {"width": 1600, "height": 900}
    context = browser.new_context(viewport=size, timezone_id="Europe/Amsterdam", reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}" for rule in found for node in rule["nodes"]
    ]


def open_form(page: Page, path: str, ready: str) -> None:
    expect(page.locator(ready).first).to_be_visible()
    if path in FORMS:
        page.locator(ready).first.click()
        expect(page.locator(FORMS[path])).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(page: Page, address: str, backend: Backend, path: str) -> None:
    role, ready = PAGES[path]
    backend.logged_in, backend.roles = role is not None, [role or "observer"]
    found = {}
    for language in ("nl", "en"):
        page.goto(f"{address}{path}{'&' if '?' in path else '?'}taal={language}")
        open_form(page, path, ready)
        for theme in ("dark", "light") if WHOLE else ({"nl": "dark", "en": "light"}[language],):
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            found[f"{language} {theme}"] = violations(page)
    assert {case: complaints for case, complaints in found.items() if complaints} == {}


def opened(page: Page, address: str, backend: Backend, path: str) -> None:
    role, ready = PAGES[path]
    backend.logged_in, backend.roles = role is not None, [role or "observer"]
    page.goto(address + path)
    open_form(page, path, ready)


@pytest.mark.parametrize("path", PAGES if WHOLE else ENLARGED)
def test_twice_as_large_everything_is_still_within_reach(
    browser: Browser, address: str, backend: Backend, path: str
) -> None:
    """A browser at 200 % has half the pixels for the page."""
    context = browser.new_context(viewport={"width": 800, "height": 450}, device_scale_factor=2)
    page = context.new_page()
    opened(page, address, backend, path)
    out_of_reach = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, summary, a[href]")].filter((control) => {
            if (!control.checkVisibility() || control.closest(".pin-place, .skip")) return false;
            control.scrollIntoView({ block: "nearest", inline: "nearest" });
            const { left, right, top, bottom, width } = control.getBoundingClientRect();
            return width > 0 && (left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1);
        }).map((control) => control.outerHTML.slice(0, 120))"""
    )
    context.close()
    assert out_of_reach == []


MISSED = """() => [...document.querySelectorAll("button, select, input, textarea, summary, a[href], [tabindex='0']")]
    .filter((control) => control.checkVisibility({ visibilityProperty: true }) && !control.disabled)
    .filter((control) => control.tabIndex >= 0 && !window.reached.has(control))
    .filter((control) => control.type !== "radio" || control.checked)
    .filter((control) => (document.querySelector("dialog:modal") ?? document).contains(control))
    .map((control) => control.outerHTML.slice(0, 120))"""
AT = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const style = getComputedStyle(at);
    window.reached.add(at);
    return style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2 ? at.outerHTML.slice(0, 120) : "";
}"""


@pytest.mark.parametrize(
    "path", PAGES if WHOLE else ("/inloggen", "/muur?stand=1&kaart=1", "/terugkijken", "/toezicht")
)
def test_tab_reaches_every_control_with_a_ring_and_nothing_moves_for_who_asked_for_rest(
    page: Page, address: str, backend: Backend, path: str
) -> None:
    opened(page, address, backend, path)
    page.evaluate(
        """() => { document.body.tabIndex = -1; document.body.focus();
            window.reached = new Set([document.activeElement]); }"""
    )
    without_ring = set()
    for _ in range(250):
        page.keyboard.press("Tab")
        seen = page.evaluate(AT)
        if seen is None:
            break
        without_ring |= {seen} - {""}
    assert (page.evaluate(MISSED), without_ring) == ([], set())
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((element) => {
            const { animationName, transitionDuration } = getComputedStyle(element);
            return animationName !== "none" || parseFloat(transitionDuration) > 0;
        }).map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert moving == []


def test_the_chosen_theme_stays_and_pages_have_their_own_without_a_choice(
    page: Page, address: str, backend: Backend
) -> None:
    backend.logged_in, backend.roles = True, ["observer", "technician"]

    def theme() -> str:
        return str(page.evaluate("document.documentElement.dataset.theme"))

    page.goto(f"{address}/techniek")
    assert theme() == "light"
    page.goto(f"{address}/muur?stand=9&camera=3")
    assert theme() == "dark"
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.url.endswith("/muur?stand=9&camera=3")
    page.goto(f"{address}/techniek")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
