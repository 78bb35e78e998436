"""`vms export create|verify`: evidence that proves itself, and the proof that it did not change."""

from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, read_config
from vms.errors import ConfigError

export_app = typer.Typer(no_args_is_help=True, help="Footage as evidence: make an export, check one.")


@export_app.command("create")
def create(
    camera: Annotated[list[str], typer.Option("--camera", help="Its id. Repeat for more.")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601 with a zone, e.g. 2026-11-14T13:58:10+01:00.")],
    end: Annotated[str, typer.Option("--to", help="The same; exclusive.")],
    case: Annotated[str, typer.Option("--case", help="Number of the case.")],
    basis: Annotated[str, typer.Option("--basis", help="Legal basis, e.g. 'art. 126nd Sv'.")],
    out: Annotated[Path, typer.Option("--out", help="The zip to make.")],
    config: ConfigOption = None,
    requester: Annotated[str, typer.Option("--requester", help="Who asked for it.")] = "",
    organisation: Annotated[str, typer.Option("--organisation", help="Of the requester.")] = "",
    recipient: Annotated[str, typer.Option("--recipient", help="Who gets it. Default: the requester.")] = "",
    approver: Annotated[str, typer.Option("--approver", help="Who granted it: somebody else than you.")] = "",
    watermark: Annotated[bool, typer.Option("--watermark", help="Put the recipient's name in the picture.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make an export: videos, signed manifest and checker in one zip. It is entered in the register of requests."""
    from vms.cli.export_create import Wishes, create_export

    wishes = Wishes(
        cameras=tuple(dict.fromkeys(camera)),
        start=start,
        end=end,
        case=case.strip(),
        basis=basis.strip(),
        requester=requester.strip(),
        organisation=organisation.strip(),
        recipient=(recipient or requester).strip(),
        approver=approver.strip(),
        is_watermarked=watermark,
    )
    request_id, made = create_export(read_config(config), wishes, out)
    value = {
        "file": str(out),
        "bytes": made.bytes,
        "sha256": made.sha256,
        "key_id": made.key_id,
        "request": request_id,
        "timestamped": made.is_timestamped,
    }
    lines = [
        f"{out}: {made.bytes} bytes, signed with key {made.key_id}; request {request_id} in the register",
        f"SHA-256 {made.sha256}",
        "check it anywhere with `vms export verify`, or with the script inside it",
    ]
    answer(value, lines, as_json=as_json)


@export_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(help="The zip of an export, or one video of it.")],
    key: Annotated[str, typer.Option("--key", help="The municipality's public key (hexadecimal), or its id.")] = "",
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="PEM with the roots of the time-stamp authority (needs openssl).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether an export is unchanged, or exactly what changed. Needs no server, database, network or configuration.

    Exit code 1 on findings.
    """
    from web.bundle.verify import verify_export

    try:
        with path.open("rb") as file:
            verdict = verify_export(file, key or None, tsa_ca)
    except OSError as error:
        raise ConfigError([f"{path}: cannot read it: {error.strerror}"]) from error
    value = verdict.as_json() | {"file": str(path)}
    lines = [f"{n}. [{one['code']}] {one['subject']}: {one['en']} {one['detail']}".rstrip()
             for n, one in enumerate(value["findings"], start=1)]  # fmt: skip
    if verdict.key_id and not key:
        lines.append(f"signed with key {verdict.key_id}: compare it with what the municipality gave you")
    lines.append("UNCHANGED" if verdict.is_intact else "CHANGED")
    answer(value, lines, as_json=as_json)
    if not verdict.is_intact:
        raise typer.Exit(1)
