"""`vms audit logboek`: the Logboek Dataverwerkingen of a period, one JSON object a line, without users in it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.audit_period import FromOption, Period, ToOption, period
from vms.cli.options import ConfigOption, open_store, read_config
from vms.errors import ConfigError
from vms.rules.processing_log import operation, spelled
from vms.store import Store, audit_search, ledger
from vms.store.audit import SEVERAL, camera_of
from vms.units import us_from_utc

_PAGE = 2000


def logboek(
    from_: FromOption,
    to: ToOption,
    config: ConfigOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new file. Default: standard output.")] = None,
) -> None:
    """Write down which processing of footage took place (consulted, altered, disclosed, combined, erased).

    Nothing is sampled; who did it stands in the audit log alone.
    """
    site = read_config(config)
    asked = period(from_, to, site.site.timezone)
    with open_store(site) as store, ExitStack() as stack:
        file = None
        if out is not None:
            try:
                file = stack.enter_context(out.open("x", encoding="utf-8"))
            except OSError as error:
                raise ConfigError([f"--out {out}: cannot write it: {error.strerror}"]) from error
        number = 0
        for one in operations(store, asked, site.audit.processing_activity):
            typer.echo(json.dumps(one, ensure_ascii=False, sort_keys=True), file=file)
            number += 1
    typer.echo(f"{number} operations", err=True)


def operations(store: Store, asked: Period, activity: str) -> Iterator[dict[str, object]]:
    """In the order of the audit log, then of the ledger. Raises StoreBusy."""
    after = 0
    while True:
        with store.reading() as tx:
            rows = audit_search.within(tx, asked.start, asked.end, after, _PAGE)
        for row in rows:
            camera = camera_of(row.entry.object, row.entry.detail)
            found = spelled(
                hash_=row.hash,
                action=row.entry.action,
                at_us=us_from_utc(row.entry.at),
                allowed=row.entry.result == "allowed",
                camera="" if camera == SEVERAL else camera,
                detail=row.entry.detail,
                activity=activity,
            )
            if found is not None:
                yield found
        if len(rows) < _PAGE:
            break
        after = rows[-1].seq
    yield from _erasures(store, asked, activity)


def _erasures(store: Store, asked: Period, activity: str) -> Iterator[dict[str, object]]:
    with store.reading() as tx:
        for entry in ledger.entries(tx):
            if entry.kind == "done" and asked.start <= entry.at < asked.end and ledger.is_whole(entry):
                at_us = us_from_utc(entry.at)
                for one in entry.payload.get("segments", [entry.payload]):
                    about = {name: one[name] for name in ("camera", "start_us") if name in one}
                    yield operation(entry.hash, "retention.erase", at_us, "erasure", about, activity)
