"""The wall as an operator sees it, and its tiles' test contract."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.browser import Shot, Watched
from e2e.waiting import wait_for

_WATCH_HERO = (Path(__file__).parent / "watch_hero.js").read_text(encoding="utf-8")


@dataclass
class Wall:
    watched: Watched

    @property
    def page(self) -> Any:
        return self.watched.page

    def data(self, name: str) -> dict[str, str]:
        """data-<name> of every small tile, by camera."""
        script = "(tiles, name) => tiles.map((tile) => [tile.dataset.camera, tile.dataset[name]])"
        return dict(self.page.locator("vms-tile:not(.hero)").evaluate_all(script, name))

    def hero(self, name: str) -> str:
        return str(self.page.locator("vms-tile.hero").get_attribute(f"data-{name}"))

    def state(self, camera: str) -> str:
        return self.data("state").get(camera, "absent")

    def wait_live(self, cameras: list[str], timeout_s: float = 45) -> None:
        """These tiles and the hero show the present."""
        wait_for(
            lambda: [c for c in cameras if self.state(c) != "live"] == [] and self.hero("state") == "live",
            f"live tiles: {cameras}",
            timeout_s,
        )

    def call_up(self, number: int, camera: str) -> None:
        """Type the number; until the hero shows that camera's present."""
        self.page.keyboard.type(str(number))
        self.page.keyboard.press("Enter")
        wait_for(lambda: self.hero("camera") == camera, f"{camera} in the hero")
        wait_for(lambda: self.hero("state") == "live", f"{camera} live in the hero")

    def watched_call_up(self, number: int, camera: str) -> list[dict[str, Any]]:
        """What the hero showed at every frame, from before the keys until shortly after its own first picture."""
        self.page.evaluate(_WATCH_HERO)
        self.call_up(number, camera)
        self.page.wait_for_timeout(200)
        frames: list[dict[str, Any]] = self.page.evaluate(
            "() => { window.watching = false; return window.frames_seen; }"
        )
        return frames

    def tile_shot(self, camera: str) -> Shot:
        return self.watched.grab(f"vms-tile:not(.hero)[data-camera={camera}] video")

    def hero_shot(self) -> Shot:
        return self.watched.grab("vms-tile.hero video")

    def frames_decoded(self) -> list[int]:
        """Of each open peer connection, by the browser's own statistics."""
        script = """async () => {
            const open = window.peers.filter((peer) => peer.signalingState !== "closed");
            return Promise.all(open.map(async (peer) => {
                let frames = 0;
                (await peer.getStats()).forEach((report) => { frames += report.framesDecoded ?? 0; });
                return frames;
            }));
        }"""
        return list(self.page.evaluate(script))
