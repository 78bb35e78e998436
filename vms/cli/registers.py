"""`vms import …`: registers in."""

import typer

from vms.cli.import_masks import import_masks

import_app = typer.Typer(no_args_is_help=True, help="Bring registers in from JSON files.")
import_app.command("masks")(import_masks)


@import_app.callback()
def _group() -> None:
    """Keeps `import` a group while it has one command."""
