"""The command `vms`. Each command lives in its own module; this one only puts them together.

Exit codes: 0 fine, 1 findings or failure, 2 wrong usage or configuration (one clear line, never a traceback).
"""

import sys

import typer

from vms.errors import ConfigError, UitkijkError

EXIT_FAILED = 1
EXIT_USAGE = 2


def make_app() -> typer.Typer:
    from vms.cli.audit import audit_app
    from vms.cli.bench import bench_app
    from vms.cli.calibrate import calibrate
    from vms.cli.cameras import cameras_app
    from vms.cli.catalog import catalog_app
    from vms.cli.check import check
    from vms.cli.config import config_app
    from vms.cli.demo import demo
    from vms.cli.export import export_app
    from vms.cli.healthy import healthy
    from vms.cli.hold import hold_app
    from vms.cli.keys import keys_app
    from vms.cli.maintenance import migrate
    from vms.cli.registers import decisions_app, import_app
    from vms.cli.retention import retention_app
    from vms.cli.serve import serve
    from vms.cli.simulate import simulate
    from vms.cli.tls import tls_app
    from vms.cli.users import tokens_app, users_app
    from vms.cli.volumes import volumes_app

    app = typer.Typer(
        name="vms",
        help="Uitkijk: cameras to disk to wall, masked, erased after 28 days.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command("demo")(demo)
    app.command("serve")(serve)
    app.command("simulate")(simulate)
    app.command("migrate")(migrate)
    app.command("check")(check)
    app.command("healthy")(healthy)
    app.command("calibrate")(calibrate)
    app.add_typer(config_app, name="config")
    app.add_typer(users_app, name="users")
    app.add_typer(tokens_app, name="tokens")
    app.add_typer(tls_app, name="tls")
    app.add_typer(cameras_app, name="cameras")
    app.add_typer(keys_app, name="keys")
    app.add_typer(import_app, name="import")
    app.add_typer(export_app, name="export")
    app.add_typer(decisions_app, name="decisions")
    app.add_typer(catalog_app, name="catalog")
    app.add_typer(retention_app, name="retention")
    app.add_typer(audit_app, name="audit")
    app.add_typer(hold_app, name="hold")
    app.add_typer(volumes_app, name="volumes")
    app.add_typer(bench_app, name="bench")
    return app


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit. Whatever the user did wrong is one clear line and exit code 2, never a traceback."""
    try:
        result = make_app()(arguments, standalone_mode=False)
    except typer.TyperException as error:
        _say(_one_line(error))
        sys.exit(EXIT_USAGE)
    except typer.Abort:
        _say("stopped")
        sys.exit(130)
    except ConfigError as error:
        _say(str(error))
        sys.exit(EXIT_USAGE)
    except UitkijkError as error:
        _say(str(error))
        sys.exit(EXIT_FAILED)
    sys.exit(result if isinstance(result, int) else 0)


def _one_line(error: typer.TyperException) -> str:
    """What was wrong with the command, and where its help is."""
    text = " ".join(str(getattr(error, "format_message", lambda: error)()).split())
    context = getattr(error, "ctx", None)
    return f"{text.rstrip('.')}; see `{context.command_path if context else 'vms'} --help`."


def _say(line: str) -> None:
    sys.stderr.write(line.rstrip() + "\n")
