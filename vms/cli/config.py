"""`vms config check FILE` and `vms config schema`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import JsonOption, answer
from vms.config import SiteConfig, load_config
from vms.config.purpose_checks import purposes_without_basis
from vms.errors import ConfigError

config_app = typer.Typer(no_args_is_help=True, help="Look at a configuration before it is used.")


@config_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Configuration file (TOML).")], as_json: JsonOption = False
) -> None:
    """Name every problem of a configuration at once: file, line, key, fix. Exit code 2 when there is one."""
    try:
        config = load_config(file)
    except ConfigError as error:
        if as_json:
            answer({"ok": False, "problems": error.problems}, (), as_json=True)
            raise typer.Exit(2) from error
        raise
    warnings = [
        f"purposes.{purpose}.basis: not written down; add [purposes.{purpose}] with its legal basis"
        for purpose in purposes_without_basis(config)
    ]
    groups = len(config.capture_groups())
    answer(
        {"ok": True, "cameras": len(config.cameras), "capture_processes": groups, "warnings": warnings},
        [f"{file}: fine; {len(config.cameras)} cameras in {groups} capture processes", *warnings],
        as_json=as_json,
    )


@config_app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the configuration, with every key's meaning, unit and bounds."""
    typer.echo(json.dumps(SiteConfig.model_json_schema(), indent=2, ensure_ascii=False))
