"""The command `vms`. Each command lives in its own module; this one only puts them together.

Exit codes: 0 fine, 1 findings or failure, 2 wrong usage or configuration (one clear line, never a traceback).
"""

import sys

import typer

from vms.errors import ConfigError, UitkijkError

EXIT_FAILED = 1
EXIT_USAGE = 2


def make_app() -> typer.Typer:
    from vms.cli.bench import bench_app
    from vms.cli.cameras import cameras_app
    from vms.cli.check import check
    from vms.cli.config import config_app
    from vms.cli.demo import demo
    from vms.cli.healthy import healthy
    from vms.cli.maintenance import migrate
    from vms.cli.registers import import_app
    from vms.cli.retention import retention_app
    from vms.cli.serve import serve
    from vms.cli.simulate import simulate
    from vms.cli.users import tokens_app, users_app

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
    app.add_typer(config_app, name="config")
    app.add_typer(users_app, name="users")
    app.add_typer(tokens_app, name="tokens")
    app.add_typer(cameras_app, name="cameras")
    app.add_typer(import_app, name="import")
    app.add_typer(retention_app, name="retention")
    app.add_typer(bench_app, name="bench")
    return app


def main() -> None:
    try:
        make_app()()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_USAGE)
    except UitkijkError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_FAILED)
