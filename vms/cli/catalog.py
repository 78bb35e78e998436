"""`vms catalog …`: the index of the footage."""

from dataclasses import asdict

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock
from vms.config import SiteConfig
from vms.errors import Refused
from vms.process import running_pid

catalog_app = typer.Typer(no_args_is_help=True, help="The index of the footage.")


@catalog_app.command()
def rebuild(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the catalog anew from the segments and keys on disk, after the database was lost.

    Reads every file. Stop the system first; what is in the catalog already stays, so it may be run again.
    Exit code 1 when some footage stayed locked or unreadable.
    """
    from recorder.disk import identify_volumes
    from recorder.rebuild import Rebuild
    from recorder.recovery import Recovery
    from vms.keys import KeyRing

    site = read_config(config)
    _refuse_while_recording(site)
    keys = KeyRing(site.site.data_dir / "keys", site.site_key_file) if site.recorder.encrypt else None
    with open_store(site) as store:
        volumes = identify_volumes(site.volumes, store, SystemClock())
        report = Rebuild(store, volumes, Recovery(keys), site.journals_dir).run()
    lines = [
        f"{report.segments} segments catalogued, {report.already_there} were there already, {report.gaps} gaps",
        *(f"locked, its key is missing: {path}" for path in report.locked),
        *(f"unreadable, now in quarantine: {path}" for path in report.quarantined),
    ]
    is_whole = not report.locked and not report.quarantined
    answer({"ok": is_whole, **asdict(report)}, lines, as_json=as_json)
    if not is_whole:
        raise typer.Exit(1)


def _refuse_while_recording(site: SiteConfig) -> None:
    """Raises Refused."""
    for group in range(len(site.capture_groups())):
        if running_pid(site.run_dir, f"capture-{group}") is not None:
            raise Refused(f"capture-{group} is recording; stop the system, then rebuild")
