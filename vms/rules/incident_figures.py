"""A year of incidents by category, beside the year before, as the annual report asks. Pure.

What is not known stays None: a total that was never printed is not 0, and a category that was split has no number of
its own in the year before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vms.rules.incident_categories import Category, before, is_offered
from vms.rules.incident_document import YearRow
from vms.rules.incidents import counted


@dataclass(slots=True)
class Tally:
    """Of the incidents of one category in the register. followed_up: at which something was done."""

    total: int = 0
    followed_up: int = 0
    follow_ups: dict[str, int] = field(default_factory=dict)

    def add(self, follow_ups: Mapping[str, int]) -> None:
        done = counted(follow_ups)
        self.total += 1
        self.followed_up += bool(done)
        for kind, count in done.items():
            self.follow_ups[kind] = self.follow_ups.get(kind, 0) + count


@dataclass(frozen=True, slots=True)
class YearBook:
    """What is known of a year. tallies: of the register, by category. printed: rows of an imported table, by category.

    is_kept: the register was in use, so that a category without incidents had none.
    """

    tallies: Mapping[int, Tally]
    printed: Mapping[int, Sequence[YearRow]]
    is_kept: bool

    def total(self, category: Category, year: int) -> int | None:
        parts = [row.total for row in self.printed.get(category.id, ()) if row.total is not None]
        tally = self.tallies.get(category.id)
        if tally is not None:
            parts.append(tally.total)
        if parts:
            return sum(parts)
        is_zero = self.is_kept and is_offered(category, year) and category.id not in self.printed
        return 0 if is_zero else None


@dataclass(frozen=True, slots=True)
class Line:
    """previous: of the year before, mapped. shared: names of categories that were split, when that keeps it unknown.

    followed_up: how many incidents something was done at; None: only a printed table tells of them.
    """

    category: Category
    total: int | None
    previous: int | None
    shared: tuple[str, ...]
    followed_up: int | None
    follow_ups: Mapping[str, int]
    outcomes: tuple[str, ...]
    remarks: tuple[str, ...]


def lines(year: int, categories: Sequence[Category], this: YearBook, last: YearBook) -> list[Line]:
    """In the order of the categories; without those of which nothing is known of either year."""
    made = [_line(year, category, categories, this, last) for category in categories]
    return [line for line in made if line is not None]


def _line(year: int, category: Category, categories: Sequence[Category], this: YearBook, last: YearBook) -> Line | None:
    tally, rows = this.tallies.get(category.id), this.printed.get(category.id, ())
    if tally is None and not rows and not is_offered(category, year):
        return None
    total = this.total(category, year)
    previous, shared = _previous(year, category, categories, rows, last)
    if not rows and not total and not previous and not shared:
        return None
    follow_ups: dict[str, int] = dict(tally.follow_ups) if tally else {}
    for row in rows:
        for kind, count in row.follow_ups.items():
            follow_ups[kind] = follow_ups.get(kind, 0) + count
    return Line(
        category=category,
        total=total,
        previous=previous,
        shared=shared,
        followed_up=tally.followed_up if tally else (0 if not rows else None),
        follow_ups=follow_ups,
        outcomes=tuple(text for row in rows for text in row.outcomes),
        remarks=tuple(row.remark for row in rows if row.remark),
    )


def _previous(
    year: int, category: Category, categories: Sequence[Category], rows: Sequence[YearRow], last: YearBook
) -> tuple[int | None, tuple[str, ...]]:
    """What was registered in the year before counts; what this year's table says of it only where nothing is known."""
    found = before(category, categories, year)
    parts = [total for each in found.whole if (total := last.total(each, year - 1)) is not None]
    shared = tuple(each.name for each in found.shared if last.total(each, year - 1))
    if shared:
        return None, shared
    if parts:
        return sum(parts), ()
    printed = [row.previous_total for row in rows if row.previous_total is not None]
    return (sum(printed) if printed else None), ()
