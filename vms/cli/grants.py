"""`vms users grant | grants | revoke`: roles for a camera group, a purpose and a period."""

from typing import Annotated, Any, get_args
from zoneinfo import ZoneInfo

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.config.purposes import Purpose
from vms.errors import ConfigError
from vms.rules.access import ROLES
from vms.rules.granting import GrantWish, WishFault, read_wish
from vms.rules.grants import Grant
from vms.store import Transaction, audit, grants, users
from vms.store.audit import AuditEntry
from vms.store.grants import MAX_REASON
from vms.units import us_from_utc, utc_from_us

_BY = "command line"
_MACHINE = "token:"
HolderArgument = Annotated[str, typer.Argument(metavar="NAME", help="An account, or token:NAME.")]


def grant(
    name: HolderArgument,
    role: Annotated[str, typer.Option("--role", help=f"One of {', '.join(ROLES)}.")],
    config: ConfigOption = None,
    group: Annotated[str, typer.Option("--group", help="Camera group: an area. Default: every one.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Of cameras, e.g. public_order. Default: every one.")] = "",
    start: Annotated[str, typer.Option("--from", help="YYYY-MM-DD[THH:MM], site's zone. Default: now.")] = "",
    until: Annotated[str, typer.Option("--until", help="The same; a day is included. Default: until revoked.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; shown to administrators.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Give a role for some cameras or some time. From its first grant on, the account has this role only as granted."""
    site = read_config(config)
    now = now_utc(SystemClock())
    wish = GrantWish(role=role, group=group, purpose=purpose, start=start, until=until)
    wanted = _read(site, wish, us_from_utc(now))
    with open_store(site) as store, store.transaction() as tx:
        _require_holder(tx, name)
        given = grants.give(tx, name, wanted, _BY, now, reason[:MAX_REASON])
        audit.append(tx, _entry("users.grant", name, given, reason[:MAX_REASON]))
    answer(_as_json(given), [f"{name}: {_text(given, site)}"], as_json=as_json)


def list_grants(
    config: ConfigOption = None,
    name: Annotated[str, typer.Argument(help="An account, or token:NAME; default: everybody.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Which roles were given for a camera group, a purpose or a period, with what is over or revoked."""
    site = read_config(config)
    with open_store(site) as store, store.reading() as tx:
        found = grants.everybodys(tx)
    chosen = {holder: given for holder, given in found.items() if name in ("", holder)}
    value = [{"holder": holder, **_as_json(one)} for holder, given in chosen.items() for one in given]
    lines = [f"{holder}: {_text(one, site)}" for holder, given in chosen.items() for one in given]
    answer(value, lines or ["no grants: every account has its roles for every camera"], as_json=as_json)


def revoke(
    name: HolderArgument,
    grant_ids: Annotated[
        list[int], typer.Argument(metavar="GRANT…", help="Numbers, as `vms users grants` shows them.")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End grants now. Open pictures end within seconds; the role does not come back for every camera."""
    site = read_config(config)
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        revoked = grants.revoke(tx, name, grant_ids, _BY, now)
        for one in revoked:
            audit.append(tx, _entry("users.revoke", name, one))
    answer([_as_json(one) for one in revoked], [f"{name}: {_text(one, site)}" for one in revoked], as_json=as_json)


def _read(site: SiteConfig, wish: GrantWish, now_us: int) -> Grant:
    """Raises ConfigError with every problem."""
    groups = sorted({camera.area for camera in site.cameras if camera.area})
    found = read_wish(wish, groups, get_args(Purpose), ZoneInfo(site.site.timezone), now_us)
    if isinstance(found, Grant):
        return found
    texts: dict[WishFault, str] = {
        "grant_role": f"--role {wish.role}: no such role; use one of {', '.join(ROLES)}",
        "grant_group": f"--group {wish.group}: no camera has this area; use one of {', '.join(groups) or '(none)'}",
        "grant_purpose": f"--purpose {wish.purpose}: use one of {', '.join(get_args(Purpose))}",
        "grant_time": "--from and --until: must be YYYY-MM-DD or YYYY-MM-DDTHH:MM",
        "grant_period": f"--until {wish.until}: is not after --from",
    }
    raise ConfigError([texts[fault] for fault in dict.fromkeys(found.values())])


def _require_holder(tx: Transaction, name: str) -> None:
    """Raises NoSuchName."""
    if name.startswith(_MACHINE):
        if name.removeprefix(_MACHINE) not in {token.name for token in users.all_tokens(tx)}:
            raise users.NoSuchName(f"no token {name.removeprefix(_MACHINE)!r}; see `vms tokens list`")
    elif users.by_name(tx, name) is None:
        raise users.NoSuchName(f"no user {name!r}; see `vms users list`")


def _entry(action: str, holder: str, given: Grant, reason: str = "") -> AuditEntry:
    return AuditEntry(
        at=now_utc(SystemClock()),
        actor=_BY,
        roles=(),
        action=action,
        object=holder if holder.startswith(_MACHINE) else f"user:{holder}",
        result="allowed",
        detail=grants.detail_of(given) | ({"reason": reason} if reason else {}),
    )


def _as_json(given: Grant) -> dict[str, Any]:
    return {
        "id": given.id,
        "role": given.role,
        "group": given.group,
        "purpose": given.purpose,
        "from": utc_from_us(given.start_us).isoformat(),
        "until": None if given.end_us is None else utc_from_us(given.end_us).isoformat(),
        "revoked_at": None if given.revoked_us is None else utc_from_us(given.revoked_us).isoformat(),
    }


def _text(given: Grant, site: SiteConfig) -> str:
    zone = ZoneInfo(site.site.timezone)

    def local(at_us: int) -> str:
        return f"{utc_from_us(at_us).astimezone(zone):%Y-%m-%d %H:%M %Z}"

    until = "until revoked" if given.end_us is None else f"until {local(given.end_us)}"
    where = f"{given.group or 'every camera group'}, {given.purpose or 'every purpose'}"
    revoked = "" if given.revoked_us is None else f" (revoked {local(given.revoked_us)})"
    return f"[{given.id}] {given.role or 'crossing'} for {where}, from {local(given.start_us)} {until}{revoked}"
