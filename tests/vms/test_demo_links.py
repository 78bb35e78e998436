"""The demo's neighbours lie where its cameras look, and its configuration of them is valid."""

import tomllib
from typing import Any

import pytest

from ingest.simulator.model import SimCameraSpec
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.cli.demo_links import links
from vms.config.following import GivenPatrol, Neighbour


def written(specs: list[SimCameraSpec], camera: SimCameraSpec) -> tuple[list[Neighbour], list[GivenPatrol]]:
    document: dict[str, Any] = tomllib.loads("\n".join(links(specs, camera)))
    neighbours = [Neighbour.model_validate(each) for each in document["neighbours"]]
    return neighbours, [GivenPatrol.model_validate(each) for each in document.get("patrols", [])]


@pytest.mark.parametrize("cameras", [1, 2, 9, 74])
def test_each_camera_leads_to_the_next_view_on_either_side(cameras: int) -> None:
    specs = make_specs(StreetOptions(cameras=cameras))
    pan_deg = {spec.id: spec.pan_deg for spec in specs}
    for camera in specs:
        neighbours, patrols = written(specs, camera)
        turns = {n.side: (pan_deg[n.id] - camera.pan_deg) % 360 for n in neighbours}
        others = [(pan - camera.pan_deg) % 360 for other, pan in pan_deg.items() if other != camera.id]
        assert len(neighbours) == min(2, len(others))
        assert turns.get("right") == min(others, default=None)
        if len(others) > 1:
            assert turns["left"] == max(others)
        assert all((n.outline is None) == camera.ptz for n in neighbours)
        assert bool(patrols) == camera.ptz


def test_who_leaves_to_the_right_is_awaited_by_a_turning_neighbour_that_looks_to_its_left() -> None:
    specs = make_specs(StreetOptions(cameras=9))
    linked = [n for camera in specs for n in written(specs, camera)[0] if n.preset]
    assert linked
    assert all(n.preset == {"left": "Rechts", "right": "Links"}[str(n.side)] for n in linked)
