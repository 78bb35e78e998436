"""`vms check`."""

from typing import Annotated

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config


def check(
    config: ConfigOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be put right safely.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also read every file and compare its hash.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare disk, catalog, keys and ledger. Exit code 1 when something is wrong and was not repaired.

    Repairing never deletes footage: what cannot be used goes to quarantine on its volume.
    """
    from recorder.check import run_check

    site = read_config(config)
    with open_store(site) as store:
        findings = run_check(site, store, repair=repair, deep=deep)
    open_findings = [finding for finding in findings if not finding.repaired]
    lines = [finding.as_line() for finding in findings]
    lines.append("nothing wrong" if not findings else f"{len(findings)} findings, {len(open_findings)} not repaired")
    document = {"ok": not open_findings, "findings": [finding.as_dict() for finding in findings]}
    answer(document, lines, as_json=as_json)
    if open_findings:
        raise typer.Exit(1)
