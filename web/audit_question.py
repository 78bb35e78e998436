"""What a request asks of the audit log: the same words for the page, the file and a saved question."""

from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Query

from vms.rules.local_time import end_us, start_us
from vms.store.audit_search import AuditSearch
from vms.units import utc_from_us
from web.deps import ServicesDep
from web.problems import field_problem

_DAY = r"^(\d{4}-\d{2}-\d{2})?$"


@dataclass(frozen=True, slots=True)
class Question:
    """told: what the audit row about it says."""

    search: AuditSearch
    told: dict[str, str | None]


def asked(
    services: ServicesDep,
    who: Annotated[str, Query(alias="actor", max_length=80, description="Only names that begin so.")] = "",
    action: Annotated[str, Query(max_length=40, description="Only this action.")] = "",
    camera: Annotated[str, Query(max_length=40, description="Only acts that were about this camera.")] = "",
    result: Annotated[Literal["", "allowed", "refused"], Query()] = "",
    from_: Annotated[str, Query(alias="from", pattern=_DAY, description="From this local day on.")] = "",
    to: Annotated[str, Query(pattern=_DAY, description="Up to and including this local day.")] = "",
) -> Question:
    zone = ZoneInfo(services.config.site.timezone)
    try:
        start = utc_from_us(start_us(from_, zone)) if from_ else None
        end = utc_from_us(end_us(to, zone)) if to else None
    except (ValueError, OverflowError) as error:
        raise field_problem("from", "time_format") from error
    search = AuditSearch(actor=who, action=action, camera=camera, result=result or None, start=start, end=end)
    told = {"who": who, "what": action, "about": camera, "outcome": result, "from": from_, "to": to}
    return Question(search, {name: value or None for name, value in told.items()})
