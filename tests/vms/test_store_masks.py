import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from typer import Typer
from typer.testing import CliRunner

from tests.fakes import FakeClock
from vms.cli.import_masks import import_documents, import_masks
from vms.clock import now_utc
from vms.config.model import SiteConfig
from vms.errors import ConfigError, StorageError
from vms.rules.masks import MaskSet, in_force, parse_mask_import
from vms.rules.placements import Placement
from vms.store import Store, audit
from vms.store import masks as mask_store
from vms.store.mask_lapse import lapse_moved
from vms.units import us_from_utc

DAY_1 = datetime(2026, 11, 1, tzinfo=UTC)
IMAGE_MASK = {"name": "raam", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]}


def document(camera: str = "vast", days: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "camera": camera,
        "masks": [IMAGE_MASK],
        "author": "j.devries",
        "approver": "a.bakker",
        "valid_from": (DAY_1 + timedelta(days=days)).isoformat(),
    } | changes


def add(store: Store, **changes: Any) -> int:
    with store.transaction() as tx:
        return mask_store.add(tx, parse_mask_import(document(**changes)), now_utc(FakeClock())).version


def test_versions_count_up_per_camera_and_survive_reopening(store: Store) -> None:
    assert [add(store), add(store, days=5), add(store, camera="ander")] == [1, 2, 1]
    store.close()
    with store.reading() as tx:
        sets = mask_store.history(tx, "vast")
    assert [s.version for s in sets] == [1, 2]
    assert sets[0].masks[0].polygon == ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))
    assert sets[1].valid_from == DAY_1 + timedelta(days=5)


def test_what_was_in_force_is_found_for_a_moment_and_an_interval(store: Store) -> None:
    for days in (0, 5, 10):
        add(store, days=days)
    add(store, days=6, approver=None)
    with store.reading() as tx:
        now = mask_store.in_force(tx, "vast", DAY_1 + timedelta(days=7))
        assert now is not None
        assert now.version == 2
        assert mask_store.in_force(tx, "vast", DAY_1 - timedelta(seconds=1)) is None
        between = mask_store.in_force_between(tx, "vast", DAY_1 + timedelta(days=6), DAY_1 + timedelta(days=11))
    assert [s.version for s in between] == [2, 3]
    for day, version in ((7, 2), (10, 3)):
        found = in_force(between, DAY_1 + timedelta(days=day))
        assert found is not None
        assert found.version == version


def test_a_damaged_row_is_an_error_and_not_a_smaller_mask(store: Store) -> None:
    add(store)
    with store.transaction() as tx:
        tx.execute(text('update mask_set set masks = \'[{"name": "raam"}]\''))
    with store.reading() as tx, pytest.raises(StorageError, match="damaged"):
        mask_store.history(tx, "vast")


def site(tmp_path: Path) -> SiteConfig:
    cameras = [
        {"id": "vast", "number": 1, "name": "Vast", "main": "rtsp://h/1"},
        {"id": "draait", "number": 2, "name": "Draait", "main": "rtsp://h/2", "ptz": True},
        {"id": "vrij", "number": 3, "name": "Vrij", "main": "rtsp://h/3", "masks": "none"},
    ]
    return SiteConfig.model_validate({"site": {"data_dir": str(tmp_path)}, "cameras": cameras})


def test_what_is_clear_is_imported_and_the_rest_is_named(store: Store, tmp_path: Path) -> None:
    documents = [document(), document("draait"), document("vrij"), document("weg"), document(approver="j.devries"), 7]
    answer = import_documents(site(tmp_path), store, FakeClock(), documents)
    assert answer["imported"] == 1
    assert answer["sets"][0]["camera"] == "vast"
    assert [item["index"] for item in answer["unclear"]] == [1, 2, 3, 4, 5]
    text_of = {item["index"]: " ".join(item["problems"]) for item in answer["unclear"]}
    assert "sphere" in text_of[1]
    assert "none" in text_of[2]
    assert "not in the configuration" in text_of[3]
    assert "second person" in text_of[4]


def run(tmp_path: Path, content: str) -> Any:
    config = tmp_path / "site.toml"
    config.write_text(
        f'[site]\ndata_dir = "{tmp_path}"\n[[cameras]]\nid = "vast"\nnumber = 1\nname = "Vast"\nmain = "rtsp://h/1"\n'
    )
    (tmp_path / "masks.json").write_text(content)
    app = Typer()
    app.command()(import_masks)
    return CliRunner().invoke(app, [str(tmp_path / "masks.json"), "--config", str(config), "--json"])


def test_the_command_takes_one_object_or_a_list(tmp_path: Path) -> None:
    one = run(tmp_path, json.dumps(document()))
    assert (one.exit_code, json.loads(one.stdout)["imported"]) == (0, 1)
    two = run(tmp_path, json.dumps([document(), document("weg")]))
    assert (two.exit_code, json.loads(two.stdout)["unclear"][0]["camera"]) == (1, "weg")


@pytest.mark.parametrize("content", ["{", "[" * 100_000])
def test_a_file_that_is_no_json_is_wrong_usage(tmp_path: Path, content: str) -> None:
    result = run(tmp_path, content)
    assert isinstance(result.exception, ConfigError)
    assert "not valid JSON" in str(result.exception)


HERE = Placement("mast 4", 51.37, 6.17)
ELSEWHERE = Placement("mast 5", 51.37, 6.17)


def add_here(store: Store, days: int = 0, placement: Placement | None = HERE, **changes: Any) -> None:
    with store.transaction() as tx:
        mask_store.add(tx, parse_mask_import(document(days=days, **changes)), DAY_1, placement)


def after(days: float) -> FakeClock:
    return FakeClock(us_from_utc(DAY_1 + timedelta(days=days)))


def in_force_at(store: Store, days: float) -> MaskSet | None:
    with store.reading() as tx:
        return mask_store.in_force(tx, "vast", DAY_1 + timedelta(days=days))


def test_a_camera_that_hangs_elsewhere_is_closed_once_and_its_past_stays_as_it_was(store: Store) -> None:
    add_here(store)
    assert lapse_moved(store, {"vast": HERE, "ander": HERE}, after(1)) == []
    assert lapse_moved(store, {"vast": ELSEWHERE}, after(2)) == ["vast"]
    assert lapse_moved(store, {"vast": ELSEWHERE}, after(3)) == []
    before, now = in_force_at(store, 1.9), in_force_at(store, 2)
    assert before is not None
    assert (before.version, before.closes, before.placement) == (1, None, HERE)
    assert now is not None
    assert (now.version, now.closes, now.author) == (2, "lapsed", mask_store.SYSTEM)
    with store.reading() as tx:
        rows = [record.entry for record in audit.newest(tx, 10)]
    assert [(row.action, row.object) for row in rows] == [("masks.lapse", "camera:vast")]


def test_moving_back_brings_nothing_back_and_new_masks_do(store: Store) -> None:
    add_here(store)
    lapse_moved(store, {"vast": ELSEWHERE}, after(2))
    assert lapse_moved(store, {"vast": HERE}, after(3)) == []
    assert in_force_at(store, 3).closes == "lapsed"  # type: ignore[union-attr]
    add_here(store, 4)
    assert in_force_at(store, 4).version == 3  # type: ignore[union-attr]


def test_planned_masks_of_another_placement_lapse_too(store: Store) -> None:
    add_here(store, placement=None)
    add_here(store, 9)
    assert lapse_moved(store, {"vast": ELSEWHERE}, after(2)) == ["vast"]
    assert in_force_at(store, 10).closes == "lapsed"  # type: ignore[union-attr]


def test_masks_from_before_placements_were_noted_stay(store: Store) -> None:
    add_here(store, placement=None)
    assert lapse_moved(store, {"vast": ELSEWHERE}, after(2)) == []


def test_only_closing_needs_no_second_person(store: Store) -> None:
    with store.transaction() as tx:
        closed = mask_store.close(tx, "vast", "withdrawn", "a.bakker", "woning gebouwd", DAY_1, DAY_1)
    assert (closed.author, closed.approver, closed.reason) == ("a.bakker", "a.bakker", "woning gebouwd")
    with pytest.raises((ValueError, IntegrityError)), store.transaction() as tx:
        tx.execute(text("update mask_set set closes = null"))


def test_an_import_is_a_version_with_its_reason_and_stands_in_the_audit_log(store: Store, tmp_path: Path) -> None:
    import_documents(site(tmp_path), store, FakeClock(), [document(reason="uit het oude systeem")])
    with store.reading() as tx:
        (imported,) = mask_store.history(tx, "vast")
        (row,) = [record.entry for record in audit.newest(tx, 10)]
    assert (imported.reason, imported.placement) == ("uit het oude systeem", Placement("", None, None))
    assert (row.actor, row.action, row.object) == ("command line", "masks.import", "camera:vast")
    assert (row.detail["author"], row.detail["approver"]) == ("j.devries", "a.bakker")


def test_an_import_that_hides_everything_is_unclear(store: Store, tmp_path: Path) -> None:
    whole = {"name": "alles", "space": "image", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    answer = import_documents(site(tmp_path), store, FakeClock(), [document(masks=[whole])])
    assert "cover everything" in answer["unclear"][0]["problems"][0]


def test_a_damaged_row_of_one_camera_keeps_no_other_from_lapsing(store: Store) -> None:
    """It shows nothing anyway; starting must not depend on it."""
    with store.transaction() as tx:
        mask_store.add(tx, parse_mask_import(document("ander")), DAY_1, HERE)
        tx.execute(text('update mask_set set masks = \'[{"name": "raam"}]\''))
        mask_store.add(tx, parse_mask_import(document()), DAY_1, HERE)
    assert lapse_moved(store, {"ander": ELSEWHERE, "vast": ELSEWHERE}, after(2)) == ["vast"]
