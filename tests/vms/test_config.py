import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from vms.config import Camera, Onvif, SiteConfig, Volume, load_config
from vms.config.audit import AuditCopy
from vms.config.following import GivenPatrol, GivenStep, Neighbour
from vms.config.purposes import PURPOSES
from vms.config.web import Oidc
from vms.errors import ConfigError

TABLES = {"volumes", "oidc", "copies", *PURPOSES}
"""Keys that the example writes as a table of their own."""
EXAMPLE = Path(__file__).parents[2] / "configs" / "site.example.toml"
GOOD = """
[site]
data_dir = "data"
[[cameras]]
id = "markt-01"
number = 1
name = "Markt"
main = "rtsp://10.0.0.1/a"
"""


def problems_of(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


def test_the_example_is_a_valid_configuration() -> None:
    config = load_config(EXAMPLE)
    assert [camera.id for camera in config.cameras] == ["markt-01", "parade-02"]
    assert config.cameras[0].can_turn
    assert not config.cameras[1].can_turn


def test_the_example_names_every_key_there_is() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    models: list[type[BaseModel]] = [Camera, Onvif, Volume, Neighbour, GivenPatrol, GivenStep, Oidc, AuditCopy]
    models += [f.annotation for f in SiteConfig.model_fields.values() if isinstance(f.annotation, type)]
    keys = {key for model in models if issubclass(model, BaseModel) for key in model.model_fields}
    missing = {key for key in keys if not re.search(rf"(^|[\s#{{,]){key} =", text, re.MULTILINE) and key not in TABLES}
    assert missing == set()


def test_relative_paths_count_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_config(path).site.data_dir == tmp_path / "data"


def test_every_problem_is_named_at_once_with_line_key_and_fix(tmp_path: Path) -> None:
    text = GOOD.replace('"rtsp://10.0.0.1/a"', '"http://10.0.0.1/a"').replace("number = 1", "number = 0")
    text += '\n[retention]\ndays = 29\n\n[web]\nlisten = "8080"\ncolour = "red"\n'
    found = problems_of(tmp_path, text)
    assert len(found) == 5
    assert any(line.startswith("6: cameras[markt-01].number:") for line in found)
    assert any(line.startswith("8: cameras[markt-01].main: must be rtsp://") for line in found)
    assert any(line.startswith("11: retention.days:") and "28" in line for line in found)
    assert any(line.startswith("14: web.listen: must be HOST:PORT") for line in found)
    assert any(line.startswith("15: web.colour: unknown key") for line in found)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("rtsp://10.0.0.1/a", "rtsp://vms:hunter2@10.0.0.1/a"), "holds a credential"),
        (("rtsp://10.0.0.1/a", "file:///etc/passwd"), "must be rtsp://"),
        (('main = "rtsp://10.0.0.1/a"', ""), "needs main ="),
        (('id = "markt-01"', 'id = "../x"'), "pattern"),
        (('name = "Markt"', ""), "is missing; add it"),
    ],
)
def test_a_wrong_camera_is_told_by_name(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    found = problems_of(tmp_path, GOOD.replace(*change))
    assert len(found) == 1
    assert expected in found[0]
    assert "hunter2" not in found[0]


def test_cameras_must_not_share_number_or_name_and_neighbours_must_exist(tmp_path: Path) -> None:
    second = GOOD[GOOD.index("[[cameras]]") :].replace("markt-01", "parade-02") + 'neighbours = ["nowhere"]\n'
    found = problems_of(tmp_path, GOOD + second)
    assert sum("number: 1 is used 2 times" in line for line in found) == 2
    assert sum("name: 'Markt' is used 2 times" in line for line in found) == 2
    assert sum("no camera 'nowhere'" in line for line in found) == 1


@pytest.mark.parametrize(
    ("content", "expected"), [(b"[site", "not valid TOML"), (b"\xff\xfe", "not UTF-8"), (None, "cannot read it")]
)
def test_an_unreadable_file_is_one_clear_line(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "site.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=expected):
        load_config(path)


@pytest.mark.parametrize(("setting", "sizes"), [("", [20, 20, 5]), ("cameras_per_process = 18", [18, 18, 9])])
def test_a_capture_process_gets_at_most_twenty_cameras_or_fewer(tmp_path: Path, setting: str, sizes: list[int]) -> None:
    cameras = "".join(
        f'[[cameras]]\nid = "c-{n}"\nnumber = {n}\nname = "C{n}"\nmain = "rtsp://10.0.0.1/{n}"\n' for n in range(1, 46)
    )
    path = tmp_path / "site.toml"
    path.write_text(f'[site]\ndata_dir = "d"\n[recorder]\n{setting}\n{cameras}', encoding="utf-8")
    config = load_config(path)
    assert [len(group) for group in config.capture_groups()] == sizes
    assert config.control_endpoint_of("c-45") == config.control_endpoint(2)


def test_more_than_twenty_cameras_in_a_process_are_refused(tmp_path: Path) -> None:
    [problem] = problems_of(tmp_path, GOOD + "[recorder]\ncameras_per_process = 21\n")
    assert "recorder.cameras_per_process" in problem
    assert "20" in problem


def test_a_place_is_whole_and_an_area_is_a_polygon_of_its_own_name(tmp_path: Path) -> None:
    text = (
        GOOD
        + 'lat = 51.37\n[[areas]]\nname = "Centrum"\noutline = [[51.0, 6.0], [51.1, 6.1], [51.0, 6.1], [51.1, 6.0]]\n'
    )
    found = problems_of(tmp_path, text)
    assert [line.split(": ", 1)[1] for line in found] == [
        "areas.0.outline: crosses itself; give the corners in order round the edge",
        "cameras[markt-01]: give lat and lon, or neither",
    ]
    assert [line.split(":")[0] for line in found] == ["12", "4"]
    assert "bearing_deg needs lat and lon" in problems_of(tmp_path, GOOD + "bearing_deg = 20\n")[0]
    area = '[[areas]]\nname = "Centrum"\noutline = [[51.0, 6.0], [51.1, 6.1], [51.0, 6.1]]\n'
    twice = "areas[Centrum].name: is used twice; make it unique"
    assert problems_of(tmp_path, GOOD + area + area) == [f"10: {twice}", f"13: {twice}"]


@pytest.mark.parametrize("path", ["media/proof", "media", "."])
def test_evidence_does_not_lie_on_a_recorders_volume(tmp_path: Path, path: str) -> None:
    text = f'[[recorder.volumes]]\npath = "media"\n[evidence]\npath = "{path}"\n'
    [problem] = problems_of(tmp_path, GOOD + text)
    assert "evidence.path" in problem
    assert "keep them apart" in problem
