"""`--from` and `--to` of the audit commands: local days or moments, the last day included."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from vms.errors import ConfigError
from vms.rules.local_time import end_us, start_us
from vms.units import utc_from_us

FromOption = Annotated[str, typer.Option("--from", help="YYYY-MM-DD or YYYY-MM-DDTHH:MM, in the site's time zone.")]
ToOption = Annotated[str, typer.Option("--to", help="The same; a day is included.")]


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end), UTC."""

    start: datetime
    end: datetime


def period(from_: str, to: str, timezone: str) -> Period:
    """Raises ConfigError."""
    zone = ZoneInfo(timezone)
    try:
        found = Period(utc_from_us(start_us(from_, zone)), utc_from_us(end_us(to, zone)))
    except (ValueError, OverflowError) as error:
        raise ConfigError([f"--from {from_[:40]} --to {to[:40]}: give YYYY-MM-DD or YYYY-MM-DDTHH:MM"]) from error
    if found.end <= found.start:
        raise ConfigError([f"--to {to}: lies before --from {from_}"])
    return found
