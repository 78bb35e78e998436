"""Faults from outside: what the control port and the option `--fault` accept, with bounds."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.simulator.model import Faults, PtzStatusFault
from vms.errors import ConfigError

EVERY_CAMERA = "all"
_MAX_NAMED = 12
_PAIR = re.compile(r"(-?[\d.]+)\s*[x,]\s*(-?[\d.]+)")

Degrees = Annotated[float, Field(ge=-180, le=180)]
Side = Annotated[int, Field(ge=16, le=7680, multiple_of=2)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class FaultsPatch(Strict):
    """`Faults` with bounds. What the request does not name stays as it is."""

    offline: bool = False
    hang: bool = False
    unauthorized: bool = False
    clock_offset_s: float = Field(0.0, ge=-1e9, le=1e9)
    drop_packets_ratio: float = Field(0.0, ge=0, le=1)
    pts_jump_s: float = Field(0.0, ge=-40_000, le=40_000)
    resolution: tuple[Side, Side] | None = None
    ptz_status: PtzStatusFault = "honest"
    ptz_status_late_ms: int = Field(0, ge=0, le=60_000)
    knocked_deg: tuple[Degrees, Degrees] = (0.0, 0.0)

    def apply(self, faults: Faults) -> None:
        """In place: every module holds this very object."""
        for name in self.model_fields_set:
            setattr(faults, name, getattr(self, name))


def explained(error: ValidationError, kind: type[BaseModel]) -> str:
    """What is wrong with which key, and which keys there are."""
    problems = (
        f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return f"{'; '.join(problems)} (known: {', '.join(kind.model_fields)})"


def parse_fault_options(texts: Iterable[str], camera_ids: Collection[str]) -> list[tuple[str, FaultsPatch]]:
    """`ID:KEY=VALUE` as the faults of one camera each, in the given order; the ID `all` is every camera.

    VALUE is JSON or a bare word; a pair may also be written 640x480 or 6,-4. Raises ConfigError with every problem.
    """
    found: list[tuple[str, FaultsPatch]] = []
    problems: list[str] = []
    for text in texts:
        try:
            ids, patch = _parse(text, camera_ids)
        except ConfigError as error:
            problems += error.problems
            continue
        found += [(camera_id, patch) for camera_id in ids]
    if problems:
        raise ConfigError(problems)
    return found


def _parse(text: str, camera_ids: Collection[str]) -> tuple[list[str], FaultsPatch]:
    shown = f"--fault {text[:120]}"
    camera_id, colon, setting = text.partition(":")
    key, equals, value = setting.partition("=")
    if not colon or not equals:
        raise ConfigError([f"{shown}: give ID:KEY=VALUE (known keys: {', '.join(FaultsPatch.model_fields)})"])
    if camera_id != EVERY_CAMERA and camera_id not in camera_ids:
        some = [*camera_ids][:_MAX_NAMED]
        more = ", …" if len(camera_ids) > len(some) else ""
        raise ConfigError([f"{shown}: no camera {camera_id!r} (known: {EVERY_CAMERA}, {', '.join(some)}{more})"])
    try:
        patch = FaultsPatch.model_validate_json(json.dumps({key: _value(value)}))
    except ValidationError as error:
        raise ConfigError([f"{shown}: {explained(error, FaultsPatch)}"]) from error
    return [*camera_ids] if camera_id == EVERY_CAMERA else [camera_id], patch


def _value(text: str) -> object:
    pair = _PAIR.fullmatch(text.strip())
    try:
        value: object = json.loads(f"[{pair[1]},{pair[2]}]" if pair else text)
    except (ValueError, RecursionError):
        return text
    return value
