"""The demo's town: every camera in its area, and none on top of another."""

import itertools
import math

import pytest

from ingest.simulator.street import Street
from vms.cli.demo_site import open_demo_site
from vms.config import load_config
from vms.rules.map_shapes import fixed_view


@pytest.mark.parametrize("count", [1, 9, 74])
def test_the_demos_cameras_stand_apart_and_the_fixed_ones_look_somewhere(tmp_path, count: int) -> None:
    open_demo_site(tmp_path / "d", count, 0, Street())
    config = load_config(tmp_path / "d" / "site.toml")
    assert {area.name for area in config.areas} == {camera.area for camera in config.cameras}
    for camera in config.cameras:
        assert camera.bearing_deg is not None
        assert camera.can_turn or fixed_view(camera.bearing_deg, camera.hfov_deg) is not None
    places = [(float(camera.lat or 0), float(camera.lon or 0)) for camera in config.cameras]
    assert all(math.dist(a, b) > 0.0002 for a, b in itertools.combinations(places, 2))
