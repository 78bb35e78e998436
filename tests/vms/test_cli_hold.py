"""`vms hold`: set, listed, extended, released; what is wrong is one clear line per option."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.sqlite import migrated_sqlite
from vms.cli import main
from vms.clock import SystemClock, now_utc
from vms.config import load_config
from vms.rules.grants import Grant
from vms.store import Store, audit, catalog, grants, users
from vms.store.catalog import NewSegment
from vms.units import CameraId, us_from_utc

SITE = """
[site]
data_dir = "d"
[[cameras]]
id = "markt-01"
number = 1
name = "A"
area = "markt"
main = "rtsp://127.0.0.1:9/a"
"""
MINUTE = timedelta(minutes=1)
CASE = "PL2300-2026118822"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE, encoding="utf-8")
    return path


@pytest.fixture
def store(config: Path) -> Iterator[Store]:
    store = Store(migrated_sqlite(load_config(config).site.data_dir / "uitkijk.db"))
    with store.transaction() as tx:
        users.add(tx, "officer", "O", "x", ["evidence_officer"], now_utc(SystemClock()))
        users.add(tx, "second", "S", "x", ["evidence_officer"], now_utc(SystemClock()))
        users.add(tx, "watcher", "W", "x", ["observer"], now_utc(SystemClock()))
    yield store
    store.close()


@pytest.fixture
def start(store: Store) -> datetime:
    """Of a minute of footage an hour ago."""
    start = now_utc(SystemClock()) - timedelta(hours=1)
    new = NewSegment(
        camera_id=CameraId("markt-01"), profile="main", volume_uuid="v", path="x.mp4", start_at=start,
        end_at=start + MINUTE, duration_90k=60 * 90_000, bytes=7, codec="avc1.42e01f", width=640, height=360,
        sha256="0" * 64, key_id=None, sidecar_sha256=None, starts_run=True,
    )  # fmt: skip
    with store.transaction() as tx:
        catalog.register_volume(tx, "v", "/x", start)
        catalog.add(tx, new)
    return start


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["hold", *arguments, "--config", str(config)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def wanted(start: datetime, **changes: str) -> list[str]:
    options = {
        "camera": "markt-01",
        "from": start.isoformat(),
        "to": (start + MINUTE).isoformat(),
        "case": CASE,
        "basis": "sv_126nd",
        **changes,
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def test_a_hold_is_set_listed_extended_and_released_by_a_second_person(store: Store, start: datetime, run) -> None:
    code, out, _ = run("create", *wanted(start, by="officer", requester="B. Smits"), "--json")
    assert code == 0
    made = json.loads(out)
    assert (made["id"], made["state"], made["missing"], made["created_by"]) == (1, "requested", [], "officer")
    later = (start + 2 * MINUTE).isoformat()
    assert (
        json.loads(run("extend", "1", "--to", later, "--by", "officer", "--json")[1])["missing"][0]["reason"]
        == "unknown"
    )
    code, out, _ = run("list")
    assert (code, CASE in out, "requested" in out) == (0, True, True)
    code, _, err = run("release", "1", "--by", "officer")
    assert (code, "second person" in err) == (1, True)
    assert run("release", "1", "--by", "second")[0] == 0
    assert run("release", "1", "--by", "second")[0] == 1
    with store.reading() as tx:
        rows = [(row.entry.action, row.entry.actor) for row in reversed(audit.newest(tx, 10))]
    assert rows == [("holds.create", "officer"), ("holds.extend", "officer"), ("holds.release", "second")]


def test_without_a_name_the_shells_own_is_written_down_and_words_are_a_basis_too(start: datetime, run) -> None:
    made = json.loads(run("create", *wanted(start, basis="art. 126nd Sv, bevel OvJ"), "--json")[1])
    assert made["created_by"].startswith("command line (")
    assert (made["basis"], made["legal_basis"]) == ("other", "art. 126nd Sv, bevel OvJ")
    assert "second person" in run("release", "1")[2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"case": "=1+1"}, "--case: A case number begins with"),
        ({"case": "../../x"}, "--case:"),
        ({"camera": "nergens"}, "--camera: There is no such camera: nergens."),
        ({"to": "2020-01-01T00:00:00Z"}, "--to: The end is not after the start"),
        ({"to": "2099-01-01T00:00:00Z"}, "--to: The end lies in the future"),
        ({"from": "2020-01-01T00:00:00Z"}, "--to: At most 7 days"),
        ({"from": "gisteren"}, "--from 'gisteren': not a time"),
        ({"from": "2026-11-22T13:00:00"}, "has no zone"),
        ({"basis": "x"}, "--basis: Describe the legal basis"),
        ({"by": "watcher"}, "--by 'watcher': no active account of an evidence officer"),
        ({"by": "nobody"}, "--by 'nobody'"),
        ({"review": "2020-01-01T00:00:00Z"}, "--review: The review date must lie in the future"),
    ],
)
def test_what_is_wrong_names_its_option_and_writes_nothing(
    store: Store, start: datetime, run, change: dict[str, str], says: str
) -> None:
    code, out, err = run("create", *wanted(start, **change))
    assert (code, out) == (2, "")
    assert says in err
    assert run("list")[1] == "nothing is held\n"


def test_a_hold_without_a_case_number_is_impossible(start: datetime, run) -> None:
    code, _, err = run("create", *wanted(start)[:6], "--basis", "sv_126nd")
    assert (code, "--case" in err) == (2, True)
    assert run("create", *wanted(start, case=" "))[0] == 2


def give(store: Store, holder: str, group: str, *, ended: bool = False) -> None:
    """The role of an evidence officer for this group since yesterday. ended: until an hour ago."""
    now = now_utc(SystemClock())
    end_us = us_from_utc(now - timedelta(hours=1)) if ended else None
    start_us = us_from_utc(now - timedelta(days=1))
    grant = Grant(id=0, role="evidence_officer", group=group, start_us=start_us, end_us=end_us)
    with store.transaction() as tx:
        grants.give(tx, holder, grant, "test", now)


def test_an_evidence_officer_for_the_group_of_the_camera_sets_a_hold(store: Store, start: datetime, run) -> None:
    give(store, "watcher", "markt")
    assert run("create", *wanted(start, by="watcher"))[0] == 0


def test_who_is_evidence_officer_elsewhere_or_no_more_does_nothing_to_a_hold(
    store: Store, start: datetime, run
) -> None:
    give(store, "watcher", "haven")
    code, out, err = run("create", *wanted(start, by="watcher"))
    assert (code, out) == (2, "")
    assert "--by 'watcher': no evidence officer of markt-01" in err
    assert run("create", *wanted(start))[0] == 0
    give(store, "officer", "markt", ended=True)
    for act in (["release", "1"], ["extend", "1", "--review", (start + timedelta(days=30)).isoformat()]):
        assert "no evidence officer of markt-01" in run(*act, "--by", "watcher")[2]
        assert "no active account of an evidence officer" in run(*act, "--by", "officer")[2]
    with store.reading() as tx:
        assert [row.entry.action for row in audit.newest(tx, 10)] == ["holds.create"]
