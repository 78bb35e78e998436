"""Categories of incidents, by year: renamed, merged and split between years, with what each became. Pure.

A category is offered from its first to its last year. Incidents keep theirs when it ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

CategoryCode = Literal["category_name_taken", "category_years", "category_becomes_itself", "category_becomes_earlier"]


@dataclass(frozen=True, slots=True)
class Category:
    """last_year None: until further notice. became: ids of what its incidents count under in later years."""

    id: int
    name: str
    first_year: int
    last_year: int | None
    became: tuple[int, ...] = ()


def is_offered(category: Category, year: int) -> bool:
    return category.first_year <= year and (category.last_year is None or year <= category.last_year)


def offered(categories: Iterable[Category], year: int) -> list[Category]:
    return [category for category in categories if is_offered(category, year)]


def named(categories: Iterable[Category], name: str, year: int) -> Category | None:
    return next((each for each in offered(categories, year) if _same(each.name, name)), None)


def category_field_problem(category: Category, all_: Sequence[Category]) -> tuple[str, CategoryCode] | None:
    """The field that is wrong and why, of a category that is added or changed. id 0: a new one."""
    others = [each for each in all_ if each.id != category.id]
    if category.last_year is not None and category.last_year < category.first_year:
        return "last_year", "category_years"
    if any(_same(each.name, category.name) and _overlap(each, category) for each in others):
        return "name", "category_name_taken"
    if category.id in category.became:
        return "became", "category_becomes_itself"
    later = {each.id for each in others if each.last_year is None or each.last_year >= category.first_year}
    return None if set(category.became) <= later else ("became", "category_becomes_earlier")


@dataclass(frozen=True, slots=True)
class Before:
    """What counted as this category in the year before. shared: those that were split, so that no number is its own."""

    whole: tuple[Category, ...]
    shared: tuple[Category, ...]


def before(category: Category, categories: Iterable[Category], year: int) -> Before:
    """Of the year before `year`. The same name is the same category, whatever its row."""
    known = list(categories)
    earlier = offered(known, year - 1)
    whole: list[Category] = []
    shared: list[Category] = []
    for each in earlier:
        is_same = each.id == category.id or _same(each.name, category.name)
        became = [one for one in each.became if any(other.id == one and is_offered(other, year) for other in known)]
        if is_same and (each.id == category.id or not became):
            whole.append(each)
        elif category.id in became:
            (whole if len(became) == 1 else shared).append(each)
    return Before(tuple(whole), tuple(shared))


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _overlap(one: Category, other: Category) -> bool:
    ends = [each.last_year for each in (one, other) if each.last_year is not None]
    return max(one.first_year, other.first_year) <= min(ends, default=max(one.first_year, other.first_year))
