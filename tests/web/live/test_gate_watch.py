"""Outside a decision live gives no picture by any way, and one that is open ends within seconds of a withdrawal."""

import asyncio
import time
from pathlib import Path
from typing import Any

from live_site import running_site, site_config, until_heard, until_up, viewing

from vms.config.model import SiteConfig
from vms.decision_file import decisions_path, write_register
from vms.placement_file import placements_path, write_placements

ALLOWS: dict[str, Any] = {
    "kind": "designation",
    "decided_on": ["2020-01-01"],
    "registration_numbers": ["135777"],
    "cameras": ["plein"],
    "periods": [{"start": "2020-01-01", "end": None}],
}
ENDS: dict[str, Any] = {
    "kind": "withdrawal",
    "decided_on": ["2020-01-02"],
    "cites_numbers": ["135777"],
    "periods": [{"start": "2020-01-02", "end": None}],
}
CAMERAS: list[dict[str, Any]] = [
    {"id": "plein", "masks": "none"},
    {"id": "buiten", "masks": "none"},
    {"id": "kruising", "masks": "none", "purpose": "traffic"},
]


def write(config: SiteConfig, *documents: dict[str, Any]) -> None:
    write_register(decisions_path(config.site.data_dir), len(documents), list(enumerate(documents, 1)))
    write_placements(placements_path(config.site.data_dir), 0, [])


async def refusals(http: Any, camera: str, session: str) -> list[tuple[int, str]]:
    """By every way to a picture of now."""
    offer = {"camera": camera, "profile": "tile", "sdp": "v=0", "user": "test"}
    answers = [
        await http.post("/whep", json=offer),
        await http.patch(f"/whep/{session}", json={"camera": camera, "profile": "tile"}),
        await http.get(f"/snapshot/{camera}"),
        await http.post(f"/still/{camera}", json={"user": "privacy", "reason": "tekenen"}),
    ]
    return [(answer.status_code, answer.json().get("code", "")) for answer in answers]


def test_a_withdrawal_ends_an_open_picture_and_nothing_new_begins(tmp_path: Path) -> None:
    config = site_config(tmp_path, CAMERAS)
    config = config.model_copy(update={"decisions": config.decisions.model_copy(update={"enforce": True})})
    write(config, ALLOWS)

    async def watch() -> None:
        async with viewing(config) as make:
            http = make.http  # type: ignore[attr-defined]
            viewer, other = make(), make()
            await until_up(http, viewer, "plein")
            await viewer.picture()
            await until_up(http, other, "kruising")
            assert await refusals(http, "buiten", other.session) == [(403, "decision_missing")] * 4
            write(config, ALLOWS, ENDS)
            changed_s = time.monotonic()
            while viewer.session in (await http.get("/sessions")).json()["sessions"]:
                assert time.monotonic() - changed_s < 5
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            assert await viewer.newest(0.6) == []
            assert await refusals(http, "plein", other.session) == [(403, "decision_expired")] * 4
            assert other.session in (await http.get("/sessions")).json()["sessions"]
            write(config, ALLOWS)
            await asyncio.sleep(0.7)
            assert (await until_heard(http, "plein")).status_code == 200

    with running_site(config) as site:
        for camera in CAMERAS:
            site.add(str(camera["id"]))
        asyncio.run(watch())
