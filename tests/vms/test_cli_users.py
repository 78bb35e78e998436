"""`vms users` and `vms tokens`, by the functions that the command registers."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vms.cli.users import tokens_app, users_app
from vms.config import load_config
from vms.errors import ConfigError
from vms.store import Store, audit, users
from vms.store.schema import ApiTokenRow
from vms.store.users import NameTaken
from web.passwords import verify_password

PASSWORD = "een-goed-wachtwoord"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    camera = '[[cameras]]\nid = "a"\nnumber = 1\nname = "A"\nmain = "rtsp://127.0.0.1:9/a"\n'
    path.write_text(f'[site]\ndata_dir = "d"\n{camera}', encoding="utf-8")
    return path


def run(app, config: Path, *arguments: str, stdin: str = ""):
    return CliRunner().invoke(app, [*arguments, "--config", str(config)], input=stdin)


def opened(config: Path) -> Store:
    return Store(load_config(config).database_url)


def test_an_account_is_added_with_a_hashed_password_and_written_in_the_audit_log(config: Path) -> None:
    arguments = ("add", "j.jansen", "--role", "observer", "--role", "technician", "--display", "J. Jansen")
    done = run(users_app, config, *arguments, stdin=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert PASSWORD not in done.output
    store = opened(config)
    with store.reading() as tx:
        user = users.by_name(tx, "j.jansen")
        rows = audit.newest(tx, 10)
    store.close()
    assert user is not None
    assert (user.display_name, user.roles) == ("J. Jansen", ("observer", "technician"))
    assert user.password_hash.startswith("$argon2id$")
    assert verify_password(PASSWORD, user.password_hash)
    assert [(row.entry.action, row.entry.object) for row in rows] == [("users.add", "user:j.jansen")]
    listed = json.loads(run(users_app, config, "list", "--json").output)
    assert listed[0]["username"] == "j.jansen"
    assert "argon2" not in json.dumps(listed)


@pytest.mark.parametrize(
    ("name", "role", "password", "says"),
    [
        ("j.jansen", "observer", "short", "12 to 200 characters"),
        ("j.jansen", "observer", "", "12 to 200 characters"),
        ("j.jansen", "boss", PASSWORD, "--role boss"),
        ("J Jansen;--", "observer", PASSWORD, "a name has"),
    ],
)
def test_wrong_usage_is_one_clear_line(config: Path, name: str, role: str, password: str, says: str) -> None:
    done = run(users_app, config, "add", name, "--role", role, stdin=f"{password}\n")
    assert isinstance(done.exception, ConfigError)
    assert says in str(done.exception)
    assert len(done.exception.problems) == 1


def test_a_name_is_used_once(config: Path) -> None:
    run(users_app, config, "add", "j.jansen", "--role", "observer", stdin=f"{PASSWORD}\n")
    done = run(users_app, config, "add", "j.jansen", "--role", "admin", stdin=f"{PASSWORD}\n")
    assert isinstance(done.exception, NameTaken)


def test_a_token_is_printed_once_and_stored_as_its_hash(config: Path) -> None:
    done = run(tokens_app, config, "add", "prometheus", "--role", "technician", "--days", "30")
    assert done.exit_code == 0, done.output
    token = done.output.strip()
    store = opened(config)
    with store.reading() as tx:
        [row] = tx.query(ApiTokenRow).all()
        assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
        assert (row.expires_at - row.created_at).days == 30
    store.close()
