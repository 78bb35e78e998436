"""`vms users` and `vms tokens`, by the functions that the command registers."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from tests.sqlite import migrated_sqlite
from vms.cli.users import tokens_app, users_app
from vms.config import load_config
from vms.errors import ConfigError
from vms.store import Store, audit, grants, login_sessions, second_factors, users
from vms.store.schema import ApiTokenRow
from vms.store.users import NameTaken, NoSuchName
from web.passwords import verify_password

PASSWORD = "een-goed-wachtwoord"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    camera = '[[cameras]]\nid = "a"\nnumber = 1\nname = "A"\nmain = "rtsp://127.0.0.1:9/a"\n'
    path.write_text(f'[site]\ndata_dir = "d"\n{camera}', encoding="utf-8")
    migrated_sqlite(tmp_path / "d" / "uitkijk.db")
    return path


def run(app, config: Path, *arguments: str, stdin: str = ""):
    return CliRunner().invoke(app, [*arguments, "--config", str(config)], input=stdin)


def opened(config: Path) -> Store:
    return Store(load_config(config).database_url)


def test_an_account_is_added_with_a_hashed_password_and_written_in_the_audit_log(config: Path) -> None:
    (config.parent / "d" / "uitkijk.db").unlink()  # a new site: the command makes it
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


def added(config: Path, name: str = "j.jansen") -> None:
    assert run(users_app, config, "add", name, "--role", "observer", stdin=f"{PASSWORD}\n").exit_code == 0


def actions(config: Path) -> list[tuple[str, str]]:
    """Of the audit log, oldest first."""
    store = opened(config)
    with store.reading() as tx:
        assert audit.verify(tx) == []
        rows = [(row.entry.action, row.entry.object) for row in reversed(audit.newest(tx, 10))]
    store.close()
    return rows


def signed_in(config: Path, name: str = "j.jansen") -> bool:
    """Does a session that was opened before still hold? Opens one at the first call."""
    now = datetime.now(UTC)
    store = opened(config)
    with store.transaction() as tx:
        user = users.by_name(tx, name)
        assert user is not None
        known = login_sessions.find(tx, "a" * 64, now) is not None
    store.close()
    return known


def sign_in(config: Path, name: str = "j.jansen") -> None:
    now = datetime.now(UTC)
    store = opened(config)
    with store.transaction() as tx:
        user = users.by_name(tx, name)
        assert user is not None
        users.set_failures(tx, user.id, 9, now + timedelta(hours=1))
        login_sessions.add(
            tx,
            token_hash="a" * 64,
            user_id=user.id,
            csrf_token="c",
            workstation="",
            created_at=now,
            expires_at=now + timedelta(hours=1),
            method="password",
        )
    store.close()
    assert signed_in(config, name)


def test_a_disabled_account_loses_its_sessions_and_may_return(config: Path) -> None:
    added(config)
    sign_in(config)
    done = run(users_app, config, "disable", "j.jansen", "--json")
    assert json.loads(done.output) == {"username": "j.jansen", "roles": ["observer"], "active": False}
    assert not signed_in(config)
    assert "(off)" in run(users_app, config, "list").output
    assert run(users_app, config, "enable", "j.jansen").exit_code == 0
    assert not signed_in(config)
    assert [action for action, _ in actions(config)] == ["users.add", "users.disable", "users.enable"]


def test_a_new_password_replaces_the_old_ends_sessions_and_the_pause(config: Path) -> None:
    added(config)
    sign_in(config)
    done = run(users_app, config, "password", "j.jansen", stdin="een-heel-ander-woord\n")
    assert done.exit_code == 0, done.output
    assert "ander" not in done.output
    assert not signed_in(config)
    store = opened(config)
    with store.reading() as tx:
        user = users.by_name(tx, "j.jansen")
    store.close()
    assert user is not None
    assert verify_password("een-heel-ander-woord", user.password_hash)
    assert not verify_password(PASSWORD, user.password_hash)
    assert (user.failed_logins, user.locked_until) == (0, None)
    short = run(users_app, config, "password", "j.jansen", stdin="kort\n")
    assert isinstance(short.exception, ConfigError)
    assert actions(config)[1:] == [("users.password", "user:j.jansen")]


def test_roles_are_replaced_and_sessions_with_the_old_ones_end(config: Path) -> None:
    added(config)
    sign_in(config)
    done = run(users_app, config, "roles", "j.jansen", "--role", "technician", "--role", "admin", "--json")
    assert json.loads(done.output)["roles"] == ["technician", "admin"]
    assert not signed_in(config)
    assert isinstance(run(users_app, config, "roles", "j.jansen", "--role", "king").exception, ConfigError)
    assert actions(config)[1:] == [("users.roles", "user:j.jansen")]


def test_grants_of_a_role_that_is_taken_away_go_with_it_and_others_are_shown(config: Path) -> None:
    added(config)
    grant = ("grant", "j.jansen", "--role")
    run(users_app, config, *grant, "observer", "--until", "2099-01-01")
    run(users_app, config, *grant, "observer", "--from", "2098-01-01")
    run(users_app, config, *grant, "observer", "--from", "2026-01-01", "--until", "2026-01-02")
    run(users_app, config, *grant, "police_reviewer")
    [listed] = json.loads(run(users_app, config, "list", "--json").output)
    assert (listed["roles"], listed["granted"]) == (["observer"], ["observer", "police_reviewer"])
    done = run(users_app, config, "roles", "j.jansen", "--role", "technician")
    assert "technician  + granted: police_reviewer; revoked 2 of its grants" in done.output
    store = opened(config)
    with store.reading() as tx:
        assert audit.newest(tx, 1)[0].entry.detail == {"roles": "technician", "revoked": "1, 2"}
        assert [grant.revoked_us is not None for grant in grants.of(tx, "j.jansen")] == [True, True, False, False]
    store.close()
    assert "technician  + granted: police_reviewer" in run(users_app, config, "list").output


def test_tokens_are_listed_and_revoked_for_good(config: Path) -> None:
    assert run(tokens_app, config, "list").output.startswith("no tokens yet")
    token = run(tokens_app, config, "add", "grafana", "--role", "technician").output.strip()
    [listed] = json.loads(run(tokens_app, config, "list", "--json").output)
    assert (listed["name"], listed["roles"], listed["state"]) == ("grafana", ["technician"], "valid")
    assert token not in run(tokens_app, config, "list").output
    assert run(tokens_app, config, "revoke", "grafana").exit_code == 0
    assert json.loads(run(tokens_app, config, "list", "--json").output)[0]["state"] == "revoked"
    store = opened(config)
    with store.reading() as tx:
        assert users.token(tx, hashlib.sha256(token.encode()).hexdigest(), datetime.now(UTC)) is None
    store.close()
    assert isinstance(run(tokens_app, config, "add", "grafana", "--role", "technician").exception, NameTaken)
    assert [action for action, _ in actions(config)] == ["tokens.add", "tokens.revoke"]


@pytest.mark.parametrize(
    ("app", "arguments"),
    [
        (users_app, ("disable", "nobody")),
        (users_app, ("enable", "nobody")),
        (users_app, ("password", "nobody")),
        (users_app, ("roles", "nobody", "--role", "admin")),
        (tokens_app, ("revoke", "nobody")),
    ],
)
def test_who_does_not_exist_is_named(config: Path, app: Typer, arguments: tuple[str, ...]) -> None:
    refused = run(app, config, *arguments, stdin=f"{PASSWORD}\n")
    assert isinstance(refused.exception, NoSuchName)
    assert "'nobody'" in str(refused.exception)
    assert actions(config) == []


def test_a_token_is_narrowed_to_actions_of_its_roles(config: Path) -> None:
    arguments = (
        "add",
        "prometheus",
        "--role",
        "technician",
        "--can",
        "metrics.read",
        "--can",
        "metrics.read",
        "--json",
    )
    made = json.loads(run(tokens_app, config, *arguments).output)
    assert made["can"] == ["metrics.read"]
    [listed] = json.loads(run(tokens_app, config, "list", "--json").output)
    assert (listed["can"], listed["roles"]) == (["metrics.read"], ["technician"])
    assert "only metrics.read" in run(tokens_app, config, "list").output


@pytest.mark.parametrize(
    ("can", "says"),
    [("video.all", "no such action"), ("live.watch", "none of its roles may do that"), ("masks.approve", "no token")],
)
def test_a_token_never_gets_more_than_its_roles(config: Path, can: str, says: str) -> None:
    done = run(tokens_app, config, "add", "machine", "--role", "technician", "--can", can)
    assert isinstance(done.exception, ConfigError)
    assert says in str(done.exception)
    assert json.loads(run(tokens_app, config, "list", "--json").output) == []


def test_a_lost_telephone_is_forgotten_with_its_recovery_codes_and_sessions(config: Path) -> None:
    added(config)
    sign_in(config)
    store = opened(config)
    now = datetime.now(UTC)
    with store.transaction() as tx:
        user = users.by_name(tx, "j.jansen")
        assert user is not None
        second_factors.begin(tx, user.id, b"sealed")
        second_factors.confirm(tx, user.id, now)
        second_factors.set_recovery_codes(tx, user.id, ["a" * 64, "b" * 64])
    assert json.loads(run(users_app, config, "list", "--json").output)[0]["second_factor"] is True
    done = run(users_app, config, "totp-reset", "j.jansen")
    assert "couples a telephone" in done.output
    assert not signed_in(config)
    with store.reading() as tx:
        assert second_factors.of(tx, user.id) is None
        assert second_factors.recovery_codes_left(tx, user.id) == 0
    store.close()
    assert actions(config)[-1] == ("users.totp-reset", "user:j.jansen")
    assert "had no telephone" in run(users_app, config, "totp-reset", "j.jansen").output
    assert isinstance(run(users_app, config, "totp-reset", "nobody").exception, NoSuchName)


def test_a_break_glass_account_is_marked_as_such(config: Path) -> None:
    run(users_app, config, "add", "nood", "--role", "shift_manager", "--break-glass", stdin=f"{PASSWORD}\n")
    [listed] = json.loads(run(users_app, config, "list", "--json").output)
    assert listed["break_glass"] is True
    assert "(break-glass)" in run(users_app, config, "list").output


def test_a_break_glass_account_that_was_used_is_told_and_needs_another_password(config: Path) -> None:
    run(users_app, config, "add", "nood", "--role", "shift_manager", "--break-glass", stdin=f"{PASSWORD}\n")
    store = opened(config)
    with store.transaction() as tx:
        user = users.by_name(tx, "nood")
        assert user is not None
        assert users.spend(tx, user.id, datetime.now(UTC))
    [listed] = json.loads(run(users_app, config, "list", "--json").output)
    assert listed["spent_at"] is not None
    assert "used: needs a new password" in run(users_app, config, "list").output
    same = run(users_app, config, "password", "nood", stdin=f"{PASSWORD}\n")
    assert isinstance(same.exception, ConfigError)
    assert "the one that was used" in str(same.exception)
    assert run(users_app, config, "password", "nood", stdin="een-nieuwe-envelop\n").exit_code == 0
    [listed] = json.loads(run(users_app, config, "list", "--json").output)
    assert listed["spent_at"] is None
    store.close()


def test_an_account_of_elsewhere_gets_no_password_here(config: Path) -> None:
    added(config)
    store = opened(config)
    with store.transaction() as tx:
        users.add(tx, "p.elders", "P", users.NOT_HERE, ["observer"], datetime.now(UTC), external_id="e" * 64)
    store.close()
    done = run(users_app, config, "password", "p.elders", stdin=f"{PASSWORD}\n")
    assert isinstance(done.exception, ConfigError)
    assert "(signs in elsewhere)" in run(users_app, config, "list").output
