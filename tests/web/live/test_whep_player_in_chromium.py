"""A WHEP player that nobody here wrote (npm whip-whep, by an author of the draft), on another site's page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_site import mask_document, running_site, site_config
from playwright.sync_api import Browser, Page

from tests.web.served_site import Served, eventually
from vms.clock import SystemClock, now_utc
from vms.store import users
from web.app import create_app
from web.passwords import token_hash

pytestmark = pytest.mark.e2e

PLAYER = Path(__file__).parents[3] / "node_modules/whip-whep"
CAMERA = "vast"
MASK = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
VIEW = """async ([url, token]) => {
  const { WHEPClient } = await import('/whep.js');
  const peer = new RTCPeerConnection({ iceServers: [] });
  for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' });
  const video = document.querySelector('video') ?? document.body.appendChild(document.createElement('video'));
  peer.ontrack = ({ track, streams }) => { if (track.kind === 'video') video.srcObject = streams[0]; };
  video.muted = true;
  window.player = new WHEPClient();
  await player.view(peer, url, token);
  await video.play();
}"""
PIXELS = """() => {
  const video = document.querySelector('video');
  const canvas = new OffscreenCanvas(640, 360);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 640, 360);
  const at = (x, y) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
  const masked = [], step = 12;
  for (let x = 80; x < 300; x += step) for (let y = 50; y < 200; y += step) masked.push(at(x, y));
  return { control: at(580, 310), masked, time: video.currentTime };
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def another_site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(PLAYER)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """Of a masked camera, behind the real web and live."""
    config = site_config(tmp_path, [{"id": CAMERA}])
    clock = SystemClock()
    with running_site(config, mask_document(CAMERA, MASK)) as site:
        site.add(CAMERA)
        with site.store.transaction() as tx:
            users.add_token(tx, "speler", token_hash("een-token"), ["observer"], now_utc(clock), None)
        web = Served(create_app(config, site.store, clock), host="127.0.0.1", port=0)
        try:
            yield f"http://127.0.0.1:{web.port}/whep/{CAMERA}?profile=tile"
        finally:
            web.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    with another_site() as address:
        page = context.new_page()
        page.goto(address + "/package.json")
        yield page
        context.close()


def sessions(endpoint: str, tmp_path: Path) -> dict[str, Any]:
    config = site_config(tmp_path, [{"id": CAMERA}])
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(config.live_socket)), base_url="http://live") as live:
        found: dict[str, Any] = live.get("/sessions").json()["sessions"]
        return found


def test_a_foreign_player_shows_the_masked_picture_and_leaves_nothing_behind(
    endpoint: str, page: Page, tmp_path: Path
) -> None:
    with httpx.Client(headers={"Authorization": "Bearer een-token"}) as client:
        offer = {"content": "v=0\r\n", "headers": {"Content-Type": "application/sdp"}}
        eventually(lambda: client.post(endpoint, **offer).status_code == 422)  # not 409: the camera is up
    page.evaluate(VIEW, [endpoint, "een-token"])
    seen = eventually(lambda: (found := page.evaluate(PIXELS))["time"] > 0.5 and found)
    red, green, blue = seen["control"]
    assert green > 150
    assert max(red, blue) < 60
    assert all(abs(part - 130) < 8 for pixel in seen["masked"] for part in pixel)
    assert [session["user"] for session in sessions(endpoint, tmp_path).values()] == ["token:speler"]
    page.evaluate("player.stop()")
    eventually(lambda: sessions(endpoint, tmp_path) == {})


def test_a_foreign_player_is_told_why_not(endpoint: str, page: Page) -> None:
    with pytest.raises(Exception, match="Request rejected with status 401"):
        page.evaluate(VIEW, [endpoint, "verkeerd"])
