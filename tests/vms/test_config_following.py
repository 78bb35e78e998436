"""Neighbours and patrols in the configuration, and where each mistake in them stands."""

from pathlib import Path

import pytest

from vms.config import SiteConfig, load_config
from vms.config.toml_position import line_of
from vms.errors import ConfigError
from vms.rules.ptz_patrol import Patrol, PatrolStep

SITE = """[site]
data_dir = "data"
[[cameras]]
id = "markt-01"
number = 1
name = "Markt"
main = "rtsp://10.0.0.1/a"
neighbours = [
  "toren-02",
]
[[cameras]]
id = "toren-02"
number = 2
name = "Toren"
kind = "ptz"
onvif = { host = "10.0.0.2" }
neighbours = ["markt-01"]
patrols = [
  # by night
  { name = "Nacht", steps = [ { preset = "1", dwell_s = 20 }, { preset = "[, {#]", dwell_s = 40 } ] },
  { name = "Dag", steps = [
    { preset = "2" },
  ] },
]
"""


def loaded(tmp_path: Path, text: str) -> SiteConfig:
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problem_of(tmp_path: Path, *change: str) -> str:
    assert change[0] in SITE
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, SITE.replace(*change, 1))
    [problem] = caught.value.problems
    return problem.removeprefix(f"{tmp_path / 'site.toml'}:")


def test_a_patrol_is_a_list_of_presets_with_the_seconds_at_each(tmp_path: Path) -> None:
    night, day = loaded(tmp_path, SITE).cameras[1].patrols
    assert night.patrol == Patrol("Nacht", (PatrolStep("1", 20), PatrolStep("[, {#]", 40)))
    assert day.patrol == Patrol("Dag", (PatrolStep("2", 20),))


def test_a_neighbour_is_an_id_or_a_table(tmp_path: Path) -> None:
    table = '{ id = "toren-02", side = "up", preset = "Ingang", outline = [[0, 0.2], [0.1, 0.2], [0.1, 0.9]] },'
    [short] = loaded(tmp_path, SITE).cameras[0].neighbours
    [full] = loaded(tmp_path, SITE.replace('"toren-02",', table, 1)).cameras[0].neighbours
    assert (short.id, short.side, short.outline, short.preset) == ("toren-02", None, None, None)
    assert (full.id, full.side, full.preset) == ("toren-02", "up", "Ingang")
    assert full.outline == ((0, 0.2), (0.1, 0.2), (0.1, 0.9))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("dwell_s = 40", "dwell_s = 4", "20: cameras[toren-02].patrols.0.steps.1.dwell_s:"),
        ('{ preset = "2" }', '{ preset = "" }', "22: cameras[toren-02].patrols.1.steps.0.preset:"),
        ('preset = "2"', 'presets = "2", preset = "2"', "22: cameras[toren-02].patrols.1.steps.0.presets: unknown"),
        ('name = "Dag", ', "", "21: cameras[toren-02].patrols.1.name: is missing; add it"),
        ('"Dag"', '"Nacht"', "18: cameras[toren-02].patrols: 'Nacht' is used 2 times"),
        ('kind = "ptz"', "ptz = false", "18: cameras[toren-02].patrols: this camera cannot turn"),
        ('"toren-02",', '"nowhere",', "9: cameras[markt-01].neighbours: no camera 'nowhere'"),
        ('"toren-02",', '"markt-01",', "9: cameras[markt-01].neighbours: a camera is not its own"),
        ('"toren-02",', '"toren-02", "toren-02",', "9: cameras[markt-01].neighbours: 'toren-02' is named twice"),
        ('"toren-02",', '{ id = "toren-02", side = "north" },', "9: cameras[markt-01].neighbours.0.side:"),
        ('"toren-02",', '{ id = "toren-02", outline = [[0, 0]] },', "9: cameras[markt-01].neighbours.0.outline:"),
        (
            '"toren-02",',
            '{ id = "toren-02", outline = [[0, 0], [1, 0], [0.5, 0]] },',
            "9: cameras[markt-01].neighbours.0.outline: covers next to nothing",
        ),
        (
            '["markt-01"]',
            '[{ id = "markt-01", outline = [[0, 0], [1, 0], [1, 1]] }]',
            "17: cameras[toren-02].neighbours: this camera turns, and the outline would not",
        ),
        (
            '["markt-01"]',
            '[{ id = "markt-01", preset = "1" }]',
            "17: cameras[toren-02].neighbours: 'markt-01' cannot turn to a preset",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_key(tmp_path: Path, before: str, after: str, expected: str) -> None:
    assert problem_of(tmp_path, before, after).startswith(expected)


def test_two_neighbours_are_not_on_one_side(tmp_path: Path) -> None:
    third = '[[cameras]]\nid = "plein-03"\nnumber = 3\nname = "Plein"\nmain = "rtsp://10.0.0.3/a"\n'
    two = '{ id = "toren-02", side = "left" }, { id = "plein-03", side = "left" }'
    with pytest.raises(ConfigError, match='side "left" is given to 2 neighbours'):
        loaded(tmp_path, SITE.replace('"toren-02",', two, 1) + third)


def test_a_place_that_is_not_there_is_its_sections_line() -> None:
    assert line_of(SITE, ("cameras", 1, "patrols", 7, "name")) == 18
    assert line_of(SITE, ("cameras", 0, "patrols", 0, "name")) == 3
    assert line_of("", ("cameras", 0, "patrols", 0)) == 1
