"""Chromium whose pages are watched: every console error, policy violation and foreign request is written down."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from e2e.pictures import Picture
from e2e.product import Product
from tests.chromium import launch_chromium

_HERE = Path(__file__).parent
_GRAB_FRAME = (_HERE / "grab_frame.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Shot:
    """What a <video> showed. at_us: the page's clock when it was read. frames: presented so far."""

    picture: Picture
    at_us: int
    frames: int
    media_s: float


@dataclass
class Watched:
    """A page and what it did that it should not; `excused` are patterns of errors that a test provokes."""

    page: Page
    base: str
    faults: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("request", self._request)
        self.page.on("websocket", lambda socket: self._origin(socket.url.replace("ws:", "http:", 1)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        self._origin(request.url)

    def _origin(self, url: str) -> None:
        if not url.startswith((f"{self.base}/", "data:", "blob:")):
            self.faults.append(f"request to another origin: {url}")

    def unexcused(self) -> list[str]:
        """Events arrive only while the driver is spoken to: a moment for the last ones."""
        if not self.page.is_closed():
            self.page.wait_for_timeout(100)
        return [fault for fault in self.faults if not any(re.search(pattern, fault) for pattern in self.excused)]

    def count(self, method: str, part: str) -> int:
        """Requests so far."""
        return sum(request.method == method and part in request.url for request in self.requests)

    def grab(self, selector: str, timeout_s: float = 15) -> Shot:
        """The next frame of a <video>, pixel by pixel."""
        found: dict[str, Any] = self.page.locator(selector).evaluate(_GRAB_FRAME, timeout_s * 1000)
        rgba = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8)
        rgba = rgba.reshape(found["height"], found["width"], 4)
        picture = np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGR), np.uint8)
        return Shot(picture, round(found["at_ms"] * 1000), found["frames"], found["media_s"])


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launch_chromium(playwright)
    try:
        yield browser
    finally:
        browser.close()


def new_context(browser: Browser, width: int = 1280, height: int = 720) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        timezone_id="Europe/Amsterdam",
        locale="nl-NL",
        accept_downloads=True,
    )
    context.add_init_script(path=_HERE / "watch_page.js")
    context.set_default_timeout(30_000)
    return context


def log_in(context: BrowserContext, product: Product, role: str, path: str) -> Watched:
    """Through the login page, as a person does, and on to `path`."""
    watched = Watched(context.new_page(), product.base)
    page = watched.page
    page.goto(product.base + path)
    page.fill("input[name=username]", role)
    page.fill("input[name=password]", product.password)
    page.click("#submit")
    page.wait_for_url(lambda url: "/inloggen" not in url)
    return watched
