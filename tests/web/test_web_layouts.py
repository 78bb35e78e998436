"""Saved layouts of the wall: one's own, and those the shift manager shares."""

import pytest

from tests.web.served_site import Site
from web.api.layouts import MAX_PER_PERSON

WALL = {"layout": "1+5", "hero": 3, "page": 0, "picks": {"0": 2, "1": 1}}


def names(site: Site, role: str) -> list[tuple[str, str, bool]]:
    found = site.client(role).get("/api/layouts").json()["layouts"]
    return [(layout["owner"], layout["name"], layout["shared"]) for layout in found]


def test_a_layout_is_ones_own_until_the_shift_manager_shares_it(site: Site) -> None:
    anna = site.browser("observer")
    saved = anna.post("/api/layouts", json={"name": " Uitgaan ", "wall": WALL})
    assert saved.status_code == 201
    assert saved.json()["wall"] == WALL
    path = f"/api/layouts/{saved.json()['id']}"
    police, manager = site.browser("police_reviewer"), site.browser("shift_manager")
    assert police.get("/api/layouts").json() == {"layouts": []}
    assert anna.patch(path, json={"shared": True}).status_code == 403
    assert manager.patch(path, json={"shared": True}).json()["shared"] is True
    assert names(site, "police_reviewer") == [("observer", "Uitgaan", True)]
    assert police.delete(path).status_code == 404
    assert [(row.actor, row.detail) for row in site.audit("layouts.share", "allowed")] == [
        ("shift_manager", {"shared": 1})
    ]
    anna.post("/api/layouts", json={"name": "Uitgaan", "wall": {**WALL, "hero": 1}})
    assert names(site, "police_reviewer") == []  # what was shared was another content
    assert anna.delete(path).status_code == 204
    assert anna.get("/api/layouts").json() == {"layouts": []}
    assert manager.patch(path, json={"shared": True}).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"layout": "2"}, {"hero": -1}, {"page": 1000}, {"picks": {"25": 1}}, {"picks": {"x": 1}}, {"extra": 1}],
)
def test_a_layout_has_bounds(steady_site: Site, change: dict[str, object]) -> None:
    answer = steady_site.client("observer").post("/api/layouts", json={"name": "x", "wall": {**WALL, **change}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_nobody_keeps_layouts_without_end(site: Site) -> None:
    client = site.client("observer")
    for number in range(MAX_PER_PERSON):
        assert client.post("/api/layouts", json={"name": f"stand {number}", "wall": WALL}).status_code == 201
    answer = client.post("/api/layouts", json={"name": "nog een", "wall": WALL})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_layouts")
    assert client.post("/api/layouts", json={"name": "stand 0", "wall": WALL}).status_code == 201
