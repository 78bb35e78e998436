"""The map's data: areas, ground, and which way cameras look."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.web.pmtiles_file import VECTOR, write_pmtiles
from tests.web.served_site import TURNING, Site, eventually
from vms.packet import PtzPose
from vms.rules.masks import LensCalibration, MaskImport
from vms.store import masks
from vms.units import CameraId


@pytest.fixture(scope="module")
def map_site() -> Iterator[Site]:
    site = Site(
        cameras={
            "plein-01": {"lat": 51.37, "lon": 6.17, "bearing_deg": 200, "hfov_deg": 70},
            "markt-01": {"lat": 51.371, "lon": 6.171},
            TURNING: {"lat": 51.372, "lon": 6.172, "bearing_deg": 90},
        },
        areas=[{"name": "Centrum", "outline": [[51.36, 6.16], [51.38, 6.16], [51.38, 6.18]]}],
    )
    yield site
    site.close()


def views(site: Site) -> dict[str, Any]:
    return dict(site.client("observer").get("/api/map/views").json()["views"])


def test_areas_are_told_and_without_a_file_the_ground_is_plain(map_site: Site) -> None:
    found = map_site.client("observer").get("/api/map").json()
    assert found == {
        "areas": [{"name": "Centrum", "outline": [[51.36, 6.16], [51.38, 6.16], [51.38, 6.18]]}],
        "ground": None,
    }
    assert map_site.client("observer").get("/api/map/ground").status_code == 404


def test_the_ground_is_served_in_parts_under_a_name_that_changes_with_it(map_site: Site) -> None:
    client = map_site.client("observer")
    write_pmtiles(map_site.config.ground_file)
    address = client.get("/api/map").json()["ground"]
    part = client.get(address, headers={"Range": "bytes=0-6"})
    assert (part.status_code, part.content) == (206, b"PMTiles")
    write_pmtiles(map_site.config.ground_file, bgr=(0, 0, 0))
    assert client.get("/api/map").json()["ground"] != address
    write_pmtiles(map_site.config.ground_file, kind=VECTOR)
    assert client.get("/api/map").json()["ground"] is None
    map_site.config.ground_file.write_bytes(b"PMTiles\x03")
    assert client.get("/api/map").json()["ground"] is None
    map_site.config.ground_file.unlink()


def test_a_fixed_camera_looks_where_the_configuration_says(map_site: Site) -> None:
    assert views(map_site) == {"plein-01": {"direction_deg": 200.0, "hfov_deg": 70.0}}


def test_a_turning_camera_looks_where_it_says_by_its_calibration_until_it_is_silent(map_site: Site) -> None:
    lens = LensCalibration((-180, 180), (-90, 20), ((0.0, 60.0), (1.0, 3.0)))
    since = datetime(2026, 1, 1, tzinfo=UTC)
    with map_site.store.transaction() as tx:
        masks.add(tx, MaskImport(TURNING, lens, (), "a", "b", since), since)
    map_site.clock.advance(11)  # calibrations are read anew

    def turned() -> Any:
        map_site.capture.publisher.offer(PtzPose(CameraId(TURNING), -0.75, 0.0, 0.5, 0, None))
        return views(map_site).get(TURNING)

    assert eventually(turned) == {"direction_deg": 315.0, "hfov_deg": 31.5}
    map_site.clock.advance(11)
    assert TURNING not in views(map_site)


def test_who_may_not_know_the_state_of_cameras_is_not_told_where_they_look(map_site: Site) -> None:
    assert map_site.client("policy_officer").get("/api/map/views").status_code == 403
    assert map_site.client().get("/api/map").status_code == 401
