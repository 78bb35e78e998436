"""`vms audit copies`: how far copies elsewhere are, and going on with one after the log was found to differ."""

from collections.abc import Mapping
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
    reason: Annotated[str, typer.Option("--reason", help="Why, e.g. restored from a backup.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell how far each copy of the audit log is. Exit code 1 when one has another log, or misses rejected lines."""
    site = read_config(config)
    with open_store(site) as store:
        if accept_name:
            _accept(site, store, accept_name, reason)
        found = [_told(site, store, copy.name, copy.to) for copy in site.audit.copies]
    answer(found, [_line(one) for one in found] or ["no copies; see [audit] in the configuration"], as_json=as_json)
    if not all(one["fits"] and not one["rejected"] for one in found):
        raise typer.Exit(1)


def _line(one: Mapping[str, str | int | bool]) -> str:
    differs = "" if one["fits"] else "; THE LOG DIFFERS"
    rejected = f"; ITS RECEIVER REJECTED {one['rejected']} LINES, lastly {one['rejection']}" if one["rejected"] else ""
    return f"{one['name']}: {one['seq']} of {one['rows']} rows{differs}{rejected}  {one['to']}"


def _told(site: SiteConfig, store: Store, name: str, to: str) -> dict[str, str | int | bool]:
    position = PositionFile(site.audit_copies_dir / f"{name}.json").read()
    with store.reading() as tx:
        fits = audit.hash_at(tx, position.seq) == position.hash
        return {
            "name": name,
            "to": to,
            "seq": position.seq,
            "rows": audit.head(tx).seq,
            "fits": fits,
            "rejected": position.rejected,
            "rejection": position.rejection,
        }


def _accept(site: SiteConfig, store: Store, name: str, reason: str) -> None:
    if name not in [copy.name for copy in site.audit.copies]:
        raise ConfigError([f"--accept {name}: no copy has that name; see [audit] in the configuration"])
    if len(reason.strip()) < 5:
        raise ConfigError(["--accept needs --reason TEXT: why the log is sent anew"])
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
