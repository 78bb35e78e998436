"""`vms audit copies`: how far copies elsewhere are, and going on with one after the log was found to differ."""

from typing import Annotated

import typer

from vms.audit_copies import PositionFile, accept
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import ConfigError
from vms.store import Store, audit
from vms.store.audit import AuditEntry
from vms.store.audit_search import COMMAND_LINE


def copies(
    config: ConfigOption = None,
    accept_name: Annotated[
        str, typer.Option("--accept", help="Send this copy the log as it is now, all of it; it is audited.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why the log differs, e.g. restored from a backup.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell how far each copy of the audit log is. Exit code 1 when the log is not the one that a copy has."""
    site = read_config(config)
    with open_store(site) as store:
        if accept_name:
            _accept(site, store, accept_name, reason)
        found = [_told(site, store, copy.name, copy.to) for copy in site.audit.copies]
    lines = [
        f"{one['name']}: {one['seq']} of {one['rows']} rows{'' if one['fits'] else '; THE LOG DIFFERS'}  {one['to']}"
        for one in found
    ]
    answer(found, lines or ["no copies; see [audit] in the configuration"], as_json=as_json)
    if not all(one["fits"] for one in found):
        raise typer.Exit(1)


def _told(site: SiteConfig, store: Store, name: str, to: str) -> dict[str, str | int | bool]:
    position = PositionFile(site.audit_copies_dir / f"{name}.json").read()
    with store.reading() as tx:
        fits = audit.hash_at(tx, position.seq) == position.hash
        return {"name": name, "to": to, "seq": position.seq, "rows": audit.head(tx).seq, "fits": fits}


def _accept(site: SiteConfig, store: Store, name: str, reason: str) -> None:
    if name not in [copy.name for copy in site.audit.copies]:
        raise ConfigError([f"--accept {name}: no copy has that name; see [audit] in the configuration"])
    if len(reason.strip()) < 5:
        raise ConfigError(["--accept needs --reason TEXT: why the log is not the one that was copied"])
    entry = AuditEntry(
        at=now_utc(SystemClock()),
        actor=COMMAND_LINE,
        roles=(),
        action="audit.accept",
        object=f"audit:copy {name}",
        result="allowed",
        detail={"reason": reason},
    )
    with store.transaction() as tx:
        audit.append(tx, entry)
    accept(PositionFile(site.audit_copies_dir / f"{name}.json"))
