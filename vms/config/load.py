"""Read a configuration file and report every problem in it at once, with file, line, key and fix."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vms.config.links import link_problems
from vms.config.model import SiteConfig
from vms.config.purpose_checks import term_problem
from vms.config.toml_position import line_of
from vms.errors import ConfigError

MAX_CONFIG_BYTES = 4 * 1024 * 1024
MAX_IPC_PATH = 100
"""Unix socket paths end at 107 bytes; data_dir/run/capture-NN.bus must fit."""


def load_config(path: Path) -> SiteConfig:
    """Raises ConfigError with all problems found."""
    text = _read(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from error
    _resolve_paths(document, path.resolve().parent)
    try:
        config = SiteConfig.model_validate(document)
    except ValidationError as error:
        raise ConfigError([_problem(path, text, document, detail) for detail in error.errors()]) from error
    problems = [f"{path}:{line}: {message}" for line, message in _cross_checks(config, text)]
    if problems:
        raise ConfigError(problems)
    return config


def read_secret(path: Path | None) -> str:
    """First line of a secret file; empty when no file is named. Raises ConfigError."""
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").splitlines()[0].strip()
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise ConfigError(
            [f"{path}: cannot read the secret ({type(error).__name__}); put it on the first line"]
        ) from error


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError([f"{path}: larger than {MAX_CONFIG_BYTES} bytes; this is not a configuration"])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [f"{path}: cannot read it: {error.strerror}; give --config FILE or set VMS_CONFIG"]
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 text at byte {error.start}"]) from error


_PATH_KEYS = frozenset(
    {"data_dir", "tls_cert_file", "tls_key_file", "tls_ca_file", "site_key_file", "password_file", "path"}
    | {"signing_key_file", "timestamp_ca_file", "ground_file", "client_secret_file", "ca_file", "token_file"}
)


def _resolve_paths(node: Any, base: Path) -> None:
    """Relative paths count from the configuration file, not from where the command was typed."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _PATH_KEYS and isinstance(value, str) and value:
                node[key] = str(base / Path(value).expanduser())
            else:
                _resolve_paths(value, base)
    elif isinstance(node, list):
        for item in node:
            _resolve_paths(item, base)


def _problem(path: Path, text: str, document: dict[str, Any], detail: Any) -> str:
    location: tuple[str | int, ...] = detail["loc"]
    key = _key_name(location, document)
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "unknown key; see configs/site.example.toml or `vms config schema`"
    elif detail["type"] == "missing":
        message = "is missing; add it"
    return f"{path}:{line_of(text, location)}: {key}: {message}"


def _key_name(location: Sequence[str | int], document: dict[str, Any]) -> str:
    if len(location) >= 2 and location[0] == "cameras" and isinstance(location[1], int):
        camera = document["cameras"][location[1]]
        name = camera.get("id", f"#{location[1] + 1}") if isinstance(camera, dict) else f"#{location[1] + 1}"
        return ".".join([f"cameras[{name}]", *(str(part) for part in location[2:])])
    return ".".join(str(part) for part in location)


def _cross_checks(config: SiteConfig, text: str) -> list[tuple[int, str]]:
    """What no single key can know: duplicates, links to what does not exist, paths that cross or are too long."""
    found: list[tuple[int, str]] = []
    for attribute in ("id", "number", "name"):
        counts = Counter(getattr(camera, attribute) for camera in config.cameras)
        for index, camera in enumerate(config.cameras):
            value = getattr(camera, attribute)
            if counts[value] > 1:
                line = line_of(text, ("cameras", index, attribute))
                found.append(
                    (
                        line,
                        f"cameras[{camera.id}].{attribute}: {value!r} is used {counts[value]} times; make it unique",
                    )
                )
    area_names = Counter(area.name for area in config.areas)
    found += [
        (line_of(text, ("areas", index, "name")), f"areas[{area.name}].name: is used twice; make it unique")
        for index, area in enumerate(config.areas)
        if area_names[area.name] > 1
    ]
    for index, camera in enumerate(config.cameras):
        found += [
            (line_of(text, ("cameras", index, *where)), f"cameras[{camera.id}].{where[0]}: {message}")
            for where, message in link_problems(config, camera)
        ]
    found += [
        (line_of(text, ("cameras", index, "retention_days")), f"cameras[{camera.id}].retention_days: {message}")
        for index, camera in enumerate(config.cameras)
        if (message := term_problem(config, camera))
    ]
    evidence = config.evidence_dir.resolve()
    for volume in (volume.path.resolve() for volume in config.volumes):
        if evidence.is_relative_to(volume) or volume.is_relative_to(evidence):
            line = line_of(text, ("evidence", "path"))
            found.append((line, f"evidence.path: {evidence} and volume {volume} lie in each other; keep them apart"))
    if len(str(config.run_dir / "capture-00.bus")) > MAX_IPC_PATH:
        found.append(
            (
                line_of(text, ("site", "data_dir")),
                "site.data_dir: path too long for sockets; use a shorter one",
            )
        )
    return found
