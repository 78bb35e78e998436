"""What incidents are called, from year to year: a category ends, and goes on as others, without touching old ones."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from vms.rules.incident_categories import Category, category_field_problem, offered
from vms.rules.shifts import months
from vms.store import Transaction, incident_categories, incidents
from vms.store.incidents import Wanted
from vms.units import utc_from_us
from web.audit_trail import Actor
from web.deps import ServicesDep, needs
from web.incident_json import category_json
from web.problems import Problem, field_problem
from web.services import Services

router = APIRouter(prefix="/api/incidents/categories", tags=["incidents"])

_Year = Annotated[int, Field(ge=2000, le=2100)]
_Ids = Annotated[list[Annotated[int, Field(ge=1, le=2**53)]], Field(max_length=20)]
KeepActor = Annotated[Actor, needs("incidents.categories")]


class NewCategory(BaseModel):
    """replaces: ids of categories that end the year before it begins, and go on as this one."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
    first_year: _Year
    replaces: _Ids = Field(default_factory=list)

    @field_validator("name")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return " ".join(value.split())


class CategoryChange(BaseModel):
    """last_year: null = until further notice. became: ids under which its incidents count in later years."""

    model_config = ConfigDict(extra="forbid")
    last_year: _Year | None = None
    became: _Ids | None = None


@router.get("")
def listed(
    services: ServicesDep,
    _actor: Annotated[Actor, needs("incidents.read")],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> dict[str, Any]:
    """Those that are offered in that year, or all."""
    with services.store.reading() as tx:
        found = incident_categories.all_(tx)
    return {"categories": [category_json(each) for each in (offered(found, year) if year else found)]}


@router.post("", status_code=201)
def add(body: NewCategory, services: ServicesDep, actor: KeepActor) -> dict[str, Any]:
    """409 category_used: one that it replaces has incidents of later than its new end."""
    with services.store.transaction() as tx:
        known = incident_categories.all_(tx)
        replaced = [each for each in known if each.id in body.replaces]
        if len(replaced) != len(set(body.replaces)):
            raise field_problem("replaces", "category_unknown")
        # What it replaces ends first: a category may go on under its own name.
        ended = [replace(each, last_year=body.first_year - 1) for each in replaced]
        others = [each for each in known if each.id not in body.replaces]
        new = Category(0, body.name, body.first_year, None)
        _check(new, [*others, *ended])
        made = incident_categories.put(tx, new)
        for each in ended:
            changed = replace(each, became=(*each.became, made.id))
            _check(changed, [*others, *ended, made], field="replaces")
            _end(services, tx, changed)
        services.trail.allow_within(
            tx, actor, "incidents.categories", f"category:{made.id}", category=made.name, years=_years(made)
        )
    return category_json(made)


@router.patch("/{category}")
def change(
    category: Annotated[int, Path(ge=1, le=2**53)], body: CategoryChange, services: ServicesDep, actor: KeepActor
) -> dict[str, Any]:
    """What is left out stays."""
    with services.store.transaction() as tx:
        known = incident_categories.get(tx, category)
        if known is None:
            raise Problem("not_found")
        if "last_year" in body.model_fields_set:
            known = replace(known, last_year=body.last_year)
        if body.became is not None:
            known = replace(known, became=tuple(dict.fromkeys(body.became)))
        _check(known, incident_categories.all_(tx))
        services.trail.allow_within(
            tx, actor, "incidents.categories", f"category:{category}", category=known.name, years=_years(known)
        )
        return category_json(_end(services, tx, known))


def _end(services: Services, tx: Transaction, category: Category) -> Category:
    """Raises Problem category_used: incidents keep a category that holds in their year."""
    if category.last_year is not None:
        after = utc_from_us(months(category.last_year, services.incidents.zone)[-1][1])
        if incidents.newest(tx, Wanted(start=after, category_id=category.id), 1):
            raise Problem("category_used")
    return incident_categories.put(tx, category)


def _check(category: Category, known: list[Category], field: str | None = None) -> None:
    problem = category_field_problem(category, known)
    if problem is not None:
        raise field_problem(field or problem[0], problem[1])


def _years(category: Category) -> str:
    return f"{category.first_year}–{category.last_year or ''}"
