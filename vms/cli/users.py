"""`vms users` and `vms tokens`: named accounts, and bearer tokens for machines."""

import re
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.errors import ConfigError
from vms.rules.access import ROLES, Role, is_role
from vms.store import audit, users
from vms.store.audit import AuditEntry

users_app = typer.Typer(no_args_is_help=True, help="Accounts of named persons.")
tokens_app = typer.Typer(no_args_is_help=True, help="Bearer tokens for machines.")

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,79}")
RolesOption = Annotated[list[str], typer.Option("--role", help=f"Repeat for more: {', '.join(ROLES)}.")]


@dataclass(frozen=True, slots=True)
class _Created:
    """What goes into the audit log."""

    action: str
    object: str
    roles: list[Role]


@users_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="What the person signs in with, e.g. j.jansen.")],
    role: RolesOption,
    config: ConfigOption = None,
    display: Annotated[str, typer.Option("--display", help="What others see; default: NAME.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Add an account. The password comes from a prompt, or from the first line of standard input."""
    from web.passwords import hash_password

    site = read_config(config)
    roles = _roles(role)
    _check_name(name)
    try:
        password_hash = hash_password(_password())
    except ValueError as error:
        raise ConfigError([str(error)]) from error
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        user = users.add(tx, name, display[:80] or name, password_hash, roles, now)
        audit.append(tx, _entry(_Created("users.add", f"user:{name}", roles)))
    value = {"username": user.username, "display_name": user.display_name, "roles": list(user.roles)}
    answer(value, [f"added {user.username} ({', '.join(user.roles)})"], as_json=as_json)


@users_app.command("list")
def list_users(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """All accounts, without passwords."""
    with open_store(read_config(config)) as store, store.reading() as tx:
        found = users.all_users(tx)
    value = [
        {"username": u.username, "display_name": u.display_name, "roles": list(u.roles), "active": u.active}
        for u in found
    ]
    lines = [f"{u.username}  {u.display_name}  {', '.join(u.roles)}{'' if u.active else '  (off)'}" for u in found]
    answer(value, lines or ["no accounts yet; add one with `vms users add`"], as_json=as_json)


@tokens_app.callback()
def _group() -> None:
    """Keeps `tokens` a group while it has one command."""


@tokens_app.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Which machine it is for; shown in the audit log.")],
    role: RolesOption,
    config: ConfigOption = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="Days until it ends.")] = 365,
    as_json: JsonOption = False,
) -> None:
    """Make a bearer token and print it, once: only its SHA-256 is stored."""
    from web.passwords import new_token, token_hash

    site = read_config(config)
    roles = _roles(role)
    _check_name(name)
    token = new_token()
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        users.add_token(tx, name, token_hash(token), roles, now, now + timedelta(days=days))
        audit.append(tx, _entry(_Created("tokens.add", f"token:{name}", roles)))
    answer({"name": name, "token": token, "roles": list(roles), "days": days}, [token], as_json=as_json)


def _entry(created: _Created) -> AuditEntry:
    return AuditEntry(
        at=now_utc(SystemClock()),
        actor="command line",
        roles=(),
        action=created.action,
        object=created.object,
        result="allowed",
        detail={"roles": ",".join(created.roles)},
    )


def _roles(names: list[str]) -> list[Role]:
    """Raises ConfigError naming what is wrong."""
    wrong = [name for name in names if not is_role(name)]
    if wrong:
        raise ConfigError([f"--role {name}: no such role; use one of {', '.join(ROLES)}" for name in wrong])
    return [name for name in dict.fromkeys(names) if is_role(name)]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError([f"{name!r}: a name has a-z, 0-9, '.', '_', '@' or '-', and starts with a letter or digit"])


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
