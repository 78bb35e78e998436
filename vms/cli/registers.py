"""`vms import …`: registers in. `vms decisions …`: what stands in one."""

import typer

from vms.cli.decisions_on import decisions_on
from vms.cli.import_decisions import import_decisions
from vms.cli.import_incidents import import_incidents
from vms.cli.import_masks import import_masks

import_app = typer.Typer(no_args_is_help=True, help="Bring registers in from JSON files.")
import_app.command("masks")(import_masks)
import_app.command("decisions")(import_decisions)
import_app.command("incidents")(import_incidents)

decisions_app = typer.Typer(no_args_is_help=True, help="The register of the mayor's decisions.")
decisions_app.command("on")(decisions_on)


@decisions_app.callback()
def _group() -> None:
    """Keeps `decisions` a group while it has one command."""
