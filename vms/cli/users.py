"""`vms users` and `vms tokens`: named accounts, and bearer tokens for machines."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.grants import grant, list_grants, revoke
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.errors import ConfigError
from vms.rules.access import ACTIONS, PERSONS_ONLY, ROLES, Action, Deny, Role, decide, is_action, is_role
from vms.rules.account_names import NAME_RULE, is_account_name
from vms.store import Transaction, audit, grants, second_factors, users
from vms.store.audit import AuditEntry
from vms.store.users import ApiToken, User
from vms.units import us_from_utc

users_app = typer.Typer(no_args_is_help=True, help="Accounts of named persons.")
users_app.command("grant")(grant)
users_app.command("grants")(list_grants)
users_app.command("revoke")(revoke)
tokens_app = typer.Typer(no_args_is_help=True, help="Bearer tokens for machines.")

UserArgument = Annotated[str, typer.Argument(help="As `vms users list` shows it.")]
RolesOption = Annotated[list[str], typer.Option("--role", help=f"Repeat for more: {', '.join(ROLES)}.")]


@dataclass(frozen=True, slots=True)
class _Change:
    """What goes into the audit log."""

    action: str
    object: str
    roles: Sequence[Role] = ()
    detail: Mapping[str, str] = field(default_factory=dict)


@users_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="What the person signs in with, e.g. j.jansen.")],
    role: RolesOption,
    config: ConfigOption = None,
    display: Annotated[str, typer.Option("--display", help="What others see; default: NAME.")] = "",
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="Sealed, for emergencies: no second factor, but a reason and an alarm."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Add an account. The password comes from a prompt, or from the first line of standard input."""
    site = read_config(config)
    roles = _roles(role)
    _check_name(name)
    password_hash = _password_hash()
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        user = users.add(tx, name, display[:80] or name, password_hash, roles, now, is_break_glass=break_glass)
        kind = "break-glass" if break_glass else ""
        audit.append(tx, _entry(_Change("users.add", f"user:{name}", roles, {"kind": kind} if kind else {})))
    value = {
        "username": user.username,
        "display_name": user.display_name,
        "roles": list(user.roles),
        "break_glass": user.is_break_glass,
    }
    answer(value, [f"added {user.username} ({', '.join(user.roles)})"], as_json=as_json)


@users_app.command("list")
def list_users(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All accounts, without passwords. granted: roles given by a grant that is not over, see `vms users grants`."""
    now = now_utc(SystemClock())
    with open_store(read_config(config)) as store, store.reading() as tx:
        found = [(user, _has_telephone(tx, user), _granted(tx, user, now)) for user in users.all_users(tx)]
    value = [
        {
            "username": user.username,
            "display_name": user.display_name,
            "roles": list(user.roles),
            "granted": granted,
            "active": user.active,
            "break_glass": user.is_break_glass,
            "spent_at": _iso(user.spent_at),
            "external": user.external_id is not None,
            "second_factor": has_telephone,
        }
        for user, has_telephone, granted in found
    ]
    lines = [
        f"{user.username}  {user.display_name}  {', '.join(user.roles)}{_also(granted)}{_marks(user)}"
        for user, _, granted in found
    ]
    answer(value, lines or ["no accounts yet; add one with `vms users add`"], as_json=as_json)


@users_app.command("disable")
def disable_user(name: UserArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Switch an account off: it cannot sign in, and its sessions end at once."""
    _set_active(name, config, active=False, as_json=as_json)


@users_app.command("enable")
def enable_user(name: UserArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Switch an account on again."""
    _set_active(name, config, active=True, as_json=as_json)


@users_app.command("password")
def change_password(name: UserArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Set a new password, from a prompt or standard input. Sessions of the account end at once."""
    site = read_config(config)
    with open_store(site) as store:
        with store.reading() as tx:
            known = users.by_name(tx, name)
        if known is None:
            raise users.NoSuchName(f"no user {name!r}; see `vms users list`")
        if known.external_id is not None:
            raise ConfigError([f"{name} signs in elsewhere and has no password here; `vms users disable` ends that"])
        password_hash = _password_hash(other_than=known if known.is_break_glass else None)
        with store.transaction() as tx:
            user = users.set_password(tx, name, password_hash)
            audit.append(tx, _entry(_Change("users.password", f"user:{name}")))
    _answer_user(user, f"{name} has a new password; signed in sessions ended", as_json=as_json)


@users_app.command("roles")
def change_roles(
    name: UserArgument, role: RolesOption, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Give an account these roles for its own. Grants of a role that it loses are revoked; its sessions end at once."""
    site = read_config(config)
    roles = _roles(role)
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        user, revoked = users.set_roles(tx, name, roles, "command line", now)
        audit.append(tx, _entry(_Change("users.roles", f"user:{name}", roles, grants.as_detail(revoked))))
        granted = _granted(tx, user, now)
    lost = f"; revoked {len(revoked)} of its grants" if revoked else ""
    line = f"{name} has the roles {', '.join(roles)}{_also(granted)}{lost}; signed in sessions ended"
    _answer_user(user, line, as_json=as_json)


@users_app.command("totp-reset")
def reset_second_factor(name: UserArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Forget a person's telephone and recovery codes: the next login couples another. Ends their sessions."""
    with open_store(read_config(config)) as store, store.transaction() as tx:
        user = users.end_sessions(tx, name)
        had_one = second_factors.reset(tx, user.id)
        audit.append(tx, _entry(_Change("users.totp-reset", f"user:{name}")))
    line = f"{name} couples a telephone at the next login" if had_one else f"{name} had no telephone coupled"
    _answer_user(user, line, as_json=as_json)


@tokens_app.command("list")
def list_tokens(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All bearer tokens by name; the tokens themselves are not stored."""
    now = now_utc(SystemClock())
    with open_store(read_config(config)) as store, store.reading() as tx:
        found = users.all_tokens(tx)
    value = [
        {
            "name": t.name,
            "roles": list(t.roles),
            "can": None if t.actions is None else list(t.actions),
            "expires_at": _iso(t.expires_at),
            "state": _token_state(t, now),
        }
        for t in found
    ]
    lines = [f"{t.name}  {', '.join(t.roles)}{_only(t)}  {_until(t)}  ({_token_state(t, now)})" for t in found]
    answer(value, lines or ["no tokens yet; add one with `vms tokens add`"], as_json=as_json)


@tokens_app.command("revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(help="As `vms tokens list` shows it.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a bearer token at once, for good."""
    now = now_utc(SystemClock())
    with open_store(read_config(config)) as store, store.transaction() as tx:
        token = users.revoke_token(tx, name, now)
        audit.append(tx, _entry(_Change("tokens.revoke", f"token:{name}")))
    answer({"name": name, "revoked_at": _iso(token.revoked_at)}, [f"revoked {name}"], as_json=as_json)


@tokens_app.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Which machine it is for; shown in the audit log.")],
    role: RolesOption,
    config: ConfigOption = None,
    can: Annotated[
        list[str] | None,
        typer.Option("--can", help="Only this action of its roles, e.g. metrics.read; repeat for more. Default: all."),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="Days until it ends.")] = 365,
    as_json: JsonOption = False,
) -> None:
    """Make a bearer token and print it, once: only its SHA-256 is stored."""
    from web.passwords import new_token, token_hash

    site = read_config(config)
    roles = _roles(role)
    _check_name(name)
    actions = _actions(can or [], roles)
    token = new_token()
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        users.add_token(tx, name, token_hash(token), roles, now, now + timedelta(days=days), actions)
        only = {"can": ",".join(actions)} if actions else {}
        audit.append(tx, _entry(_Change("tokens.add", f"token:{name}", roles, only)))
    value = {"name": name, "token": token, "roles": list(roles), "can": actions, "days": days}
    answer(value, [token], as_json=as_json)


def _set_active(name: str, config: Path | None, *, active: bool, as_json: bool) -> None:
    with open_store(read_config(config)) as store, store.transaction() as tx:
        user = users.set_active(tx, name, active=active)
        audit.append(tx, _entry(_enabled(name) if active else _disabled(name)))
    line = f"{name} may sign in again" if active else f"{name} is off; signed in sessions ended"
    _answer_user(user, line, as_json=as_json)


def _enabled(name: str) -> _Change:
    return _Change("users.enable", f"user:{name}")


def _disabled(name: str) -> _Change:
    return _Change("users.disable", f"user:{name}")


def _answer_user(user: User, line: str, *, as_json: bool) -> None:
    answer({"username": user.username, "roles": list(user.roles), "active": user.active}, [line], as_json=as_json)


def _token_state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "over" if token.expires_at is not None and token.expires_at <= now else "valid"


def _until(token: ApiToken) -> str:
    return f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "without end"


def _only(token: ApiToken) -> str:
    return "" if token.actions is None else f"  only {', '.join(token.actions)}"


def _has_telephone(tx: Transaction, user: User) -> bool:
    factor = second_factors.of(tx, user.id)
    return factor is not None and factor.confirmed_at is not None


def _granted(tx: Transaction, user: User, now: datetime) -> list[str]:
    """Roles of which a grant holds now, or will later."""
    return sorted({each.role for each in grants.of(tx, user.username) if not each.is_over(us_from_utc(now))})


def _also(granted: Sequence[str]) -> str:
    return f"  + granted: {', '.join(granted)}" if granted else ""


def _marks(user: User) -> str:
    marks = {
        "off": not user.active,
        "break-glass": user.is_break_glass,
        "used: needs a new password": user.spent_at is not None,
        "signs in elsewhere": bool(user.external_id),
    }
    return "".join(f"  ({mark})" for mark, holds in marks.items() if holds)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _entry(change: _Change) -> AuditEntry:
    return AuditEntry(
        at=now_utc(SystemClock()),
        actor="command line",
        roles=(),
        action=change.action,
        object=change.object,
        result="allowed",
        detail=({"roles": ",".join(change.roles)} if change.roles else {}) | dict(change.detail),
    )


def _roles(names: list[str]) -> list[Role]:
    """Raises ConfigError naming what is wrong."""
    wrong = [name for name in names if not is_role(name)]
    if wrong:
        raise ConfigError([f"--role {name}: no such role; use one of {', '.join(ROLES)}" for name in wrong])
    return [name for name in dict.fromkeys(names) if is_role(name)]


def _actions(names: list[str], roles: list[Role]) -> list[Action] | None:
    """None: all that the roles may. Raises ConfigError naming what is wrong."""
    wrong = [f"--can {name}: no such action; use one of {', '.join(ACTIONS)}" for name in names if not is_action(name)]
    actions = [name for name in dict.fromkeys(names) if is_action(name)]
    for action in actions:
        if action in PERSONS_ONLY:
            wrong.append(f"--can {action}: a person does that, no token")
        elif isinstance(decide(roles, action), Deny):
            wrong.append(f"--can {action}: none of its roles may do that ({', '.join(roles)}); give another --role")
    if wrong:
        raise ConfigError(wrong)
    return actions or None


def _check_name(name: str) -> None:
    if not is_account_name(name):
        raise ConfigError([f"{name!r}: {NAME_RULE}"])


def _password_hash(other_than: User | None = None) -> str:
    """Raises ConfigError when the password will not do."""
    from web.passwords import hash_password, verify_password

    password = _password()
    if other_than is not None and verify_password(password, other_than.password_hash):
        raise ConfigError(
            [f"{other_than.username}: a break-glass account gets another password than the one that was used"]
        )
    try:
        return hash_password(password)
    except ValueError as error:
        raise ConfigError([str(error)]) from error


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
