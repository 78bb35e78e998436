"""Options that several commands share."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from vms.config import SiteConfig, load_config
from vms.errors import ConfigError
from vms.store import Store

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="VMS_CONFIG", help="The site's configuration file.", show_envvar=True),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def config_path(path: Path | None) -> Path:
    if path is None:
        raise ConfigError(["no configuration: give --config FILE or set VMS_CONFIG"])
    return path


def read_config(path: Path | None) -> SiteConfig:
    """Raises ConfigError."""
    return load_config(config_path(path))


@contextmanager
def open_store(config: SiteConfig) -> Iterator[Store]:
    """The site's database with its schema up to date."""
    store = Store(config.database_url)
    try:
        store.migrate()
        yield store
    finally:
        store.close()


def answer(value: Mapping[str, Any] | Sequence[Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Print `value` as JSON, or `lines` for people."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))
