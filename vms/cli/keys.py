"""`vms keys rotate`: a new site key."""

import typer

from vms.cli import EXIT_FAILED
from vms.cli.options import ConfigOption, JsonOption, answer, read_config
from vms.key_rotation import rotate_site_key

keys_app = typer.Typer(help="Keys of footage at rest.", no_args_is_help=True)


@keys_app.command("rotate")
def rotate(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Make a new site key and wrap all day keys anew; recording and playback go on meanwhile.

    Copies of the old site key open nothing any more that was written before, unless copies of the day keys exist too.
    """
    site = read_config(config)
    done = rotate_site_key(site.site.data_dir / "keys", site.site_key_file)
    lines = [f"{site.site_key_file}: new site key; {done.rewrapped} day keys wrapped anew"]
    lines += [f"{key}: no site key opens this day key; its footage cannot be read" for key in done.locked]
    answer({"rewrapped": done.rewrapped, "locked": list(done.locked)}, lines, as_json=as_json)
    return EXIT_FAILED if done.locked else 0
