"""The demo's neighbours lie where its cameras look."""

from pathlib import Path

import pytest

from ingest.simulator.street import Street
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.cli.demo_site import open_demo_site
from vms.config import load_config


@pytest.mark.parametrize("cameras", [1, 2, 9])
def test_each_camera_leads_to_the_next_view_on_either_side(tmp_path: Path, cameras: int) -> None:
    site = open_demo_site(tmp_path / "demo", cameras, 0, Street())
    config = load_config(site.config_file)
    pan_deg = {spec.id: spec.pan_deg for spec in make_specs(StreetOptions(cameras=cameras))}
    for camera in config.cameras:
        turns = {n.side: (pan_deg[n.id] - pan_deg[camera.id]) % 360 for n in camera.neighbours}
        others = [(pan - pan_deg[camera.id]) % 360 for other, pan in pan_deg.items() if other != camera.id]
        assert len(camera.neighbours) == min(2, len(others))
        assert turns.get("right") == min(others, default=None)
        if len(others) > 1:
            assert turns["left"] == max(others)
        assert all((n.outline is None) == camera.can_turn for n in camera.neighbours)
        assert bool(camera.patrols) == camera.can_turn


def test_who_leaves_to_the_right_is_awaited_by_a_turning_neighbour_that_looks_to_its_left(tmp_path: Path) -> None:
    config = load_config(open_demo_site(tmp_path / "demo", 9, 0, Street()).config_file)
    linked = [n for camera in config.cameras for n in camera.neighbours if n.preset]
    assert linked
    assert all(n.preset == {"left": "Rechts", "right": "Links"}[str(n.side)] for n in linked)
