"""`vms audit pack`: what an auditor asks of a period, signed, with its own checker."""

import re
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.audit_period import FromOption, ToOption, period
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.errors import ConfigError
from vms.signing import SiteSigner, create_signing_key
from vms.store import audit
from vms.store.audit import AuditEntry
from vms.store.audit_search import COMMAND_LINE


def pack(
    from_: FromOption,
    to: ToOption,
    config: ConfigOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The zip to make. Default: auditpakket-SITE-FROM-TO.zip, here.")
    ] = None,
    sample: Annotated[int, typer.Option(min=0, max=1000, help="Consultations to draw.")] = 25,
    seed: Annotated[
        str, typer.Option(help="The auditor's own: the sample follows from it. Default: it follows from the log.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Authorisations and their history, a sample of consultations with reasons, disclosures, purge proof, masks,
    decisions, oversight; every audit row with the proof that it stood in the log.

    Exit code 1 when the log was changed; the pack is made all the same and tells it.
    """
    from retention.audit_pack import Disks, PackOrder, write_pack

    site = read_config(config)
    asked = period(from_, to, site.site.timezone)
    now = now_utc(SystemClock())
    name = re.sub(r"[^a-z0-9]+", "-", site.site.name.lower()).strip("-") or "site"
    path = out or Path(f"auditpakket-{name}-{from_[:10]}-{to[:10]}.zip")
    order = PackOrder(
        site_name=site.site.name,
        timezone=site.site.timezone,
        start=asked.start,
        end=asked.end,
        sample=sample,
        seed=seed,
        terms=site.terms,
        bases={purpose: rules.basis if rules else "" for purpose, rules in site.purposes.all()},
        former_keys=site.audit.former_keys,
    )
    create_signing_key(site.signing_key_file)
    entry = AuditEntry(
        at=now,
        actor=COMMAND_LINE,
        roles=(),
        action="audit.pack",
        object="audit:pack",
        result="allowed",
        detail={"from": from_, "to": to, "sample": sample},
    )
    with open_store(site) as store:
        with store.transaction() as tx:
            audit.append(tx, entry)
        disks = Disks([volume.path for volume in site.volumes], site.site.data_dir / "keys", site.evidence_dir)
        signer = SiteSigner(site.signing_key_file)
        try:
            made = write_pack(path, order, store, disks, signer, now)
        except FileExistsError as error:
            raise ConfigError([f"--out {path}: exists already; choose another name"]) from error
        except OSError as error:
            raise ConfigError([f"--out {path}: cannot write it: {error.strerror}"]) from error
    findings = [str(finding) for finding in made.proof.findings]
    value = {
        "file": str(path),
        "rows": made.rows,
        "consultations": made.drawn_from,
        "key_id": made.key_id,
        "findings": findings,
    }
    lines = [
        f"{path}: {made.rows} audit rows, each with its proof, signed with key {made.key_id}",
        "check it anywhere: unzip it and run `python3 controleer_audit.py`; hand out the key's id by another way",
        *findings[:20],
    ]
    answer(value, lines, as_json=as_json)
    if findings:
        raise typer.Exit(1)
