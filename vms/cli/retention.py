"""`vms retention run|verify|certificate`: erase what expired, prove from the disk that nothing older is left, and
give that proof to others."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import ConfigError
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store

retention_app = typer.Typer(no_args_is_help=True, help="The 28-day purge and its proof.")


@retention_app.command("run")
def run(
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be erased; erase nothing.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Run although a guard refused; you looked.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase expired footage now. Held footage stays. Exit code 1 when something could not be erased."""
    from retention.__main__ import make_runner

    site = read_config(config)
    with open_store(site) as store:
        runner = make_runner(site, store)
        if dry_run:
            plan = runner.plan()
            value = {
                "erase": len(plan.erase),
                "bytes": plan.bytes,
                "held": len(plan.held),
                "cameras": plan.per_camera(),
            }
            lines = [f"would erase {len(plan.erase)} segments ({plan.bytes} bytes); {len(plan.held)} are held"]
            lines += [f"  {camera}: {count}" for camera, count in sorted(plan.per_camera().items())]
            answer(value, lines, as_json=as_json)
            return
        result = runner.run(confirmed=confirm)
    line = f"erased {result.erased} segments ({result.bytes} bytes), {result.keys_destroyed} day keys; "
    line += f"{result.held} became held meanwhile, {result.failed} failed"
    answer(asdict(result), [line], as_json=as_json)
    if result.failed:
        raise typer.Exit(1)


@retention_app.command("verify")
def verify(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Scan disk, catalog, keys, ledger and evidence store, of which every copy is read.

    Exit code 1 and numbered findings when the proof fails.
    """
    site = read_config(config)
    with open_store(site) as store:
        value, lines = _proof(site, store)
    answer(value, lines, as_json=as_json)
    if value["findings"]:
        raise typer.Exit(1)


@retention_app.command("certificate")
def certificate(
    config: ConfigOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The zip to make. Default: wiscertificaat-SITE-TIME.zip, here.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Ledger from this day (UTC). Default: five weeks back."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the signed proof of erasure: a zip with its own checker, for whoever must not have to believe us.

    Exit code 1 when the proof has findings; the certificate is written all the same and tells them.
    """
    from retention.certificate import write_certificate
    from retention.verify_evidence import every_copy

    site = read_config(config)
    now = now_utc(SystemClock())
    name = re.sub(r"[^a-z0-9]+", "-", site.site.name.lower()).strip("-") or "site"
    path = out or Path(f"wiscertificaat-{name}-{now:%Y%m%dT%H%M%SZ}.zip")
    roots = [volume.path for volume in site.volumes]
    create_signing_key(site.signing_key_file)
    with open_store(site) as store:
        try:
            made = write_certificate(
                path,
                site.site.name,
                store,
                roots,
                site.site.data_dir / "keys",
                SiteSigner(site.signing_key_file),
                now,
                site.terms,
                site.evidence_dir,
                every_copy,
                since.replace(tzinfo=UTC) if since else None,
            )
        except FileExistsError as error:
            raise ConfigError([f"--out {path}: exists already; choose another name"]) from error
        except OSError as error:
            raise ConfigError([f"--out {path}: cannot write it: {error.strerror}"]) from error
    value = {
        "file": str(path),
        "rows": made.rows,
        "key_id": made.key_id,
        "findings": [asdict(finding) for finding in made.proof.findings],
    }
    lines = [
        f"{path}: {made.rows} ledger rows, signed with key {made.key_id}",
        "check it anywhere: unzip it and run `python3 controleer.py`; hand out the key's id by another way",
    ]
    lines += [f"{n}. [{f.code}] {f.subject}: {f.text}" for n, f in enumerate(made.proof.findings, start=1)]
    answer(value, lines, as_json=as_json)
    if made.proof.findings:
        raise typer.Exit(1)


def _proof(site: SiteConfig, store: Store) -> tuple[dict[str, object], list[str]]:
    from retention.verify import verify as prove
    from retention.verify_evidence import every_copy

    roots, keys_dir, now = [volume.path for volume in site.volumes], site.site.data_dir / "keys", now_utc(SystemClock())
    proof = prove(store, roots, keys_dir, now, site.terms, site.evidence_dir, every_copy)
    secured = proof.evidence
    oldest = proof.oldest_frame_at.isoformat() if proof.oldest_frame_at else None
    value: dict[str, object] = {
        "at": proof.at.isoformat(),
        "limit": proof.limit.isoformat(),
        "days": proof.days,
        "terms": [
            {"camera": one.camera_id, "purpose": one.purpose, "days": one.days, "limit": one.limit.isoformat()}
            for one in proof.kept
        ],
        "files": proof.files,
        "bytes": proof.bytes,
        "oldest_frame_at": oldest,
        "held_files": proof.held_files,
        "erased_in_total": proof.erased_in_total,
        "evidence": {
            "holds": secured.holds,
            "files": secured.files,
            "bytes": secured.bytes,
            "read": secured.read,
            "leaving": secured.leaving,
        },
        "findings": [asdict(finding) for finding in proof.findings],
    }
    lines = [
        f"limit {proof.limit:%Y-%m-%d %H:%M:%S} UTC ({proof.days} × 24 h); oldest on disk {oldest or '–'}",
        f"{proof.files} files, {proof.bytes} bytes, {proof.held_files} held; {proof.erased_in_total} erased in total",
        f"evidence store: {secured.files} copies of {secured.holds} holds, {secured.bytes} bytes, "
        f"{secured.read} read whole; {secured.leaving} released and waiting to be erased",
    ]
    lines += [f"{n}. [{f.code}] {f.subject}: {f.text}" for n, f in enumerate(proof.findings, start=1)]
    lines.append("nothing is older than allowed; the ledger's chain closes" if not proof.findings else "PROOF FAILS")
    return value, lines
