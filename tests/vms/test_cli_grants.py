"""`vms users grant | grants | revoke`, by the functions that the command registers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.sqlite import migrated_sqlite
from vms.cli.users import users_app
from vms.clock import SystemClock, now_utc
from vms.config import load_config
from vms.errors import ConfigError
from vms.rules.grants import rights_at
from vms.store import Store, audit, grants, users
from vms.store.grants import NoSuchGrant
from vms.store.users import NoSuchName


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    camera = '[[cameras]]\nid = "a"\nnumber = 1\nname = "A"\narea = "Haven"\nmain = "rtsp://127.0.0.1:9/a"\n'
    path.write_text(f'[site]\ndata_dir = "d"\n{camera}', encoding="utf-8")
    store = Store(migrated_sqlite(load_config(path).site.data_dir / "uitkijk.db"))
    with store.transaction() as tx:
        users.add(tx, "j.jansen", "J. Jansen", "x", ["observer"], now_utc(SystemClock()))
        users.add_token(tx, "wand", "y" * 64, ["observer"], now_utc(SystemClock()), None)
    store.close()
    return path


def run(config: Path, *arguments: str):
    return CliRunner().invoke(users_app, [*arguments, "--config", str(config)])


def test_a_grant_limits_a_role_and_stands_in_the_audit_log_and_so_does_its_end(config: Path) -> None:
    arguments = (
        "grant",
        "j.jansen",
        "--role",
        "observer",
        "--group",
        "Haven",
        "--from",
        "2026-01-01",
        "--until",
        "2026-03-29",
    )
    done = run(config, *arguments, "--json")
    assert done.exit_code == 0, done.output
    given = json.loads(done.output)
    assert (given["from"], given["until"]) == ("2025-12-31T23:00:00+00:00", "2026-03-29T22:00:00+00:00")
    listed = run(config, "grants").output
    assert "j.jansen: [1] observer for Haven, every purpose, from 2026-01-01 00:00 CET" in listed
    assert run(config, "revoke", "j.jansen", "1").exit_code == 0
    store = Store(load_config(config).database_url)
    with store.reading() as tx:
        rows = audit.newest(tx, 10)
        known = grants.of(tx, "j.jansen")
    store.close()
    assert [(row.entry.action, row.entry.object) for row in rows] == [
        ("users.revoke", "user:j.jansen"),
        ("users.grant", "user:j.jansen"),
    ]
    assert rights_at(["observer"], known, known[0].start_us).roles == {"observer"}
    assert rights_at(["observer"], known, known[0].revoked_us or 0).roles == frozenset()


def test_a_token_is_limited_like_an_account(config: Path) -> None:
    assert run(config, "grant", "token:wand", "--role", "observer", "--purpose", "harbour").exit_code == 0
    listed = json.loads(run(config, "grants", "token:wand", "--json").output)
    assert [(one["holder"], one["purpose"], one["until"]) for one in listed] == [("token:wand", "harbour", None)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--role", "boss"), "no such role"),
        (("--role", "observer", "--group", "Maan"), "no camera has this area; use one of Haven"),
        (("--role", "observer", "--purpose", "fun"), "use one of public_order"),
        (("--role", "observer", "--from", "2026-02-01", "--until", "2026-01-01"), "is not after --from"),
        (("--role", "observer", "--from", "vandaag"), "must be YYYY-MM-DD"),
    ],
)
def test_a_wrong_grant_is_refused_with_what_is_wrong(config: Path, arguments: tuple[str, ...], says: str) -> None:
    refused = run(config, "grant", "j.jansen", *arguments)
    assert isinstance(refused.exception, ConfigError)
    assert says in str(refused.exception)


def test_nobody_and_somebody_elses_grant_are_refused(config: Path) -> None:
    for name in ("p.pietersen", "token:onbekend"):
        assert isinstance(run(config, "grant", name, "--role", "observer").exception, NoSuchName)
    run(config, "grant", "j.jansen", "--role", "observer")
    assert isinstance(run(config, "revoke", "token:wand", "1").exception, NoSuchGrant)
