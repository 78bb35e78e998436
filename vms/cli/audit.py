"""`vms audit verify|pack|copies|logboek`: whether the audit log is what was written, and what auditors take along."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vms.audit_check import check_audit, known_key
from vms.cli.audit_copies import copies
from vms.cli.audit_logboek import logboek
from vms.cli.audit_pack import pack
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.errors import ConfigError
from vms.store.audit import Link

audit_app = typer.Typer(no_args_is_help=True, help="The audit log: its proof, and what an auditor gets.")
audit_app.command("pack")(pack)
audit_app.command("copies")(copies)
audit_app.command("logboek")(logboek)

_SHOWN = 20


@audit_app.command("verify")
def verify(
    config: ConfigOption = None,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", help="SEQ:HASH of a row that was noted elsewhere, e.g. on a certificate; repeatable."),
    ] = None,
    copy: Annotated[
        list[Path] | None, typer.Option("--copy", help="A copy of the log to compare with, row by row; repeatable.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the whole chain, its seals, and what was kept elsewhere. Exit code 1 and the row's number when it fails."""
    site = read_config(config)
    known = [_link(one) for one in head or ()]
    with open_store(site) as store, ExitStack() as stack:
        copies = [_lines(path, stack) for path in copy or ()]
        public = known_key(site.signing_key_file)
        proof = check_audit(store, public, known, copies, site.audit.former_keys)
    value = {
        "rows": proof.rows,
        "sealed_rows": proof.sealed_rows,
        "sealed_at": proof.sealed_at.isoformat() if proof.sealed_at else None,
        "stamped_at": proof.stamped_at.isoformat() if proof.stamped_at else None,
        "key_read": public is not None,
        "findings": [asdict(finding) for finding in proof.findings],
    }
    sealed = f"sealed up to row {proof.sealed_rows}" if proof.sealed_at else "not sealed yet"
    lines = [f"{proof.rows} rows; {sealed}"]
    if public is None:
        lines.append("the site's signing key cannot be read here: whose seals they are was not checked")
    lines += [f"{n}. {finding}" for n, finding in enumerate(proof.findings[:_SHOWN], start=1)]
    if len(proof.findings) > _SHOWN:
        lines.append(f"and {len(proof.findings) - _SHOWN} more; --json gives them all")
    lines.append("THE LOG WAS CHANGED" if proof.findings else "nothing was changed, put in, taken out or cut off")
    answer(value, lines, as_json=as_json)
    if proof.findings:
        raise typer.Exit(1)


def _link(text: str) -> Link:
    parts = re.fullmatch(r"([0-9]{1,17}):([0-9a-f]{64})", text.strip().lower())
    if parts is None:
        raise ConfigError([f"--head {text[:100]}: must be SEQ:HASH, the hash as 64 hexadecimal digits"])
    return Link(int(parts[1]), parts[2])


def _lines(path: Path, stack: ExitStack) -> Iterator[str]:
    try:
        return stack.enter_context(path.open(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise ConfigError([f"--copy {path}: cannot read it: {error.strerror}"]) from error
