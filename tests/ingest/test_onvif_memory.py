"""What a camera told before a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import ClockSkew
from ingest.onvif_memory import recall, remember
from ingest.onvif_profiles import MediaProfile

ENDPOINT = OnvifEndpoint("192.0.2.7", 80, "vms", "geheim-wachtwoord")
MAIN = MediaProfile("m1", "main", "vs", "h265", 1920, 1080, 25.0, 2.0, 4_000_000, has_ptz=True)
SUB = replace(MAIN, token="s1", name="sub", width=640, height=360)
CAMERA = OnvifCamera(
    main_url="rtsp://192.0.2.7:554/main",
    sub_url="rtsp://192.0.2.7:554/sub",
    main=MAIN,
    sub=SUB,
    ptz_token="m1",
    snapshot_url="http://192.0.2.7:80/snap",
    manufacturer="Voorbeeld",
    model="C1",
    firmware="1",
    serial="x",
    skew=ClockSkew(-5, 9),
    media_path="/onvif/media2",
    ptz_path="/onvif/ptz",
    has_media2=True,
    profiles=(MAIN, SUB),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cameras" / "markt-01.json"


def test_what_was_told_comes_back_without_the_clock_and_without_a_credential(file: Path) -> None:
    remember(file, ENDPOINT, replace(CAMERA, model="old"))
    remember(file, ENDPOINT, CAMERA)
    assert recall(file, ENDPOINT) == replace(CAMERA, skew=None)
    assert "geheim" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("other", [replace(ENDPOINT, host="192.0.2.8"), replace(ENDPOINT, port=8080)])
def test_at_another_address_it_counts_for_nothing(file: Path, other: OnvifEndpoint) -> None:
    remember(file, ENDPOINT, CAMERA)
    assert recall(file, other) is None


def test_nothing_damage_and_another_host_in_it_are_all_as_if_it_were_not_there(file: Path) -> None:
    assert recall(file, ENDPOINT) is None
    for hostile in ({"main_url": "rtsp://192.0.2.9:554/x"}, {"snapshot_url": "http://192.0.2.9/snap"}):
        remember(file, ENDPOINT, replace(CAMERA, **hostile))
        assert recall(file, ENDPOINT) is None
    for damage in (b"", b"{}", b"\xff\xfe", file.read_bytes()[:-9]):
        file.write_bytes(damage)
        assert recall(file, ENDPOINT) is None
