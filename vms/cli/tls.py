"""`vms tls trial`: a certificate to try the system with."""

from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock, now_utc
from vms.errors import ConfigError

tls_app = typer.Typer(help="The certificate that browsers are shown.", no_args_is_help=True)


@tls_app.callback()
def tls() -> None:
    """Keeps `trial` a command of its own while it is the only one."""


@tls_app.command("trial")
def trial(
    host: Annotated[list[str], typer.Option("--host", help="Name or address that browsers use; repeat for more.")],
    out: Annotated[Path, typer.Option("--out", help="Directory for trial.pem and trial.key.")] = Path("tls"),
    as_json: JsonOption = False,
) -> None:
    """Make a self-signed certificate of 90 days. For trials only: browsers cannot tell it from a forged one."""
    from web.tls_files import make_trial_certificate

    try:
        cert_file, key_file = make_trial_certificate(out, host, now_utc(SystemClock()))
    except OSError as error:
        raise ConfigError([f"--out {out}: cannot write there: {error.strerror}"]) from error
    lines = [
        "[web]",
        f'tls_cert_file = "{cert_file}"',
        f'tls_key_file = "{key_file}"',
        "",
        "For trials only. Browsers warn, and whoever clicks that away cannot tell this server from a forged one:",
        "before real footage, put a certificate of your own authority in its place.",
    ]
    answer({"tls_cert_file": str(cert_file), "tls_key_file": str(key_file), "trial": True}, lines, as_json=as_json)
