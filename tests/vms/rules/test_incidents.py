"""What an incident must be, how it goes on, its categories from year to year, and a year's figures."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vms.rules.incident_categories import Before, Category, before, category_field_problem, named, offered
from vms.rules.incident_document import IncidentRowProblems, YearRow, read_row, unclear
from vms.rules.incident_figures import Tally, YearBook, lines
from vms.rules.incidents import (
    FOLLOW_UPS,
    STATUSES,
    category_problem,
    counted,
    first_status,
    follow_up_problem,
    local_year,
    note_hints,
    refuse_change,
    time_problem,
)
from vms.units import us_from_utc

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW_US = us_from_utc(datetime(2026, 1, 1, 12, tzinfo=UTC))
DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    ("at_us", "code"),
    [
        (NOW_US, None),
        (NOW_US + 2_000_000, None),
        (NOW_US + 2_000_001, "incident_future"),
        (NOW_US - 31 * DAY_US, None),
        (NOW_US - 31 * DAY_US - 1, "incident_too_old"),
    ],
)
def test_an_incident_is_of_now_or_of_the_last_month(at_us: int, code: str | None) -> None:
    assert time_problem(at_us, NOW_US) == code


def test_a_category_that_ended_is_not_offered_a_second_later_in_local_time() -> None:
    ended = Category(1, "Fietsendiefstal", 2000, 2025)
    last = us_from_utc(datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC))
    assert category_problem(ended, True, local_year(last, AMSTERDAM)) is None
    assert category_problem(ended, True, local_year(last + 1_000_000, AMSTERDAM)) == "category_not_offered"
    assert category_problem(None, False, 2026) == "category_missing"
    assert category_problem(None, True, 2026) == "category_unknown"


@pytest.mark.parametrize(
    ("follow_ups", "code"),
    [
        ({}, None),
        ({"aanhouding": 0, "teruggevonden personen": 999}, None),
        ({"aanhouding": -1}, "follow_up_count"),
        ({"aanhouding": 1000}, "follow_up_count"),
        ({"=1+1": 1}, "follow_up_kind"),
        ({"": 1}, "follow_up_kind"),
        ({"a" * 41: 1}, "follow_up_kind"),
        ({f"soort {'a' * n}": 1 for n in range(31)}, "follow_up_many"),
    ],
)
def test_follow_ups_are_counts_of_kinds_that_can_be_named_freely(follow_ups: dict[str, int], code: str | None) -> None:
    assert follow_up_problem(follow_ups) == code


def test_what_was_done_is_kept_the_usual_kinds_first_and_makes_it_followed_up() -> None:
    assert list(counted({"zwaailicht": 1, "loos": 2, "aanhouding": 0, "gecontroleerd": 3}).items()) == [
        ("gecontroleerd", 3),
        ("loos", 2),
        ("zwaailicht", 1),
    ]
    assert first_status({"aanhouding": 0}) == "open"
    assert first_status({"aanhouding": 1}) == "followed_up"


@given(st.sampled_from(STATUSES), st.sampled_from(STATUSES))
def test_an_incident_only_goes_forward_and_what_is_closed_stays(current: str, wanted: str) -> None:
    refusal = refuse_change(current, wanted)  # type: ignore[arg-type]
    if current == "closed":
        assert refusal == "incident_closed"
    else:
        assert (refusal == "incident_backwards") == (STATUSES.index(wanted) < STATUSES.index(current))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("note", "hints"),
    [
        ("man in rode jas, richting station", []),
        ("grijze scooter met kenteken AB-123-C", ["plate"]),
        ("vluchtauto 12-abc-3", ["plate"]),
        ("overdracht 12-10-25 om 14-15 uur", []),
        ("bel 06-12345678 of +31 77 359 6666", ["phone"]),
        ("melding 2231, camera 07", []),
        ("dhr. J. Jansen aangehouden, geb. 1-2-1990", ["birth_date", "person_name"]),
        ("mevrouw gevallen bij de fontein", []),
        ("bsn 111222333", ["citizen_number"]),
        ("nummer 123456789", []),
        ("mail j@voorbeeld.nl", ["mail_address"]),
    ],
)
def test_what_looks_like_personal_data_in_a_note_is_hinted_at(note: str, hints: list[str]) -> None:
    assert note_hints(note) == hints


SHOPS, BIKES, BOTH = Category(1, "Winkeldiefstal", 2000, None), Category(2, "Fietsen", 2000, 2024, (3,)), 3
THEFT = Category(BOTH, "Diefstal", 2025, None)
SPLIT = Category(4, "Overlast", 2000, 2024, (5, 6))
NOISE, YOUTH = Category(5, "Geluid", 2025, None), Category(6, "Jeugd", 2025, None)
ALL = (SHOPS, BIKES, THEFT, SPLIT, NOISE, YOUTH)


def test_each_year_has_its_categories_and_each_name_is_there_once() -> None:
    assert offered(ALL, 2024) == [SHOPS, BIKES, SPLIT]
    assert offered(ALL, 2025) == [SHOPS, THEFT, NOISE, YOUTH]
    assert named(ALL, "  winkel\ndiefstal".replace("\n", ""), 2025) == SHOPS
    assert named(ALL, "fietsen", 2025) is None


@pytest.mark.parametrize(
    ("category", "problem"),
    [
        (Category(0, "Nieuw", 2026, None), None),
        (Category(0, "fietsen", 2025, None), None),
        (Category(0, "fietsen", 2024, None), ("name", "category_name_taken")),
        (Category(0, "WINKELDIEFSTAL ", 2030, 2031), ("name", "category_name_taken")),
        (Category(0, "Nieuw", 2026, 2025), ("last_year", "category_years")),
        (Category(1, "Winkeldiefstal", 2000, None, (1,)), ("became", "category_becomes_itself")),
        (Category(3, "Diefstal", 2025, None, (2,)), ("became", "category_becomes_earlier")),
        (Category(2, "Fietsen", 2000, 2024, (99,)), ("became", "category_becomes_earlier")),
    ],
)
def test_what_is_wrong_with_a_category_is_named_at_its_field(category: Category, problem: object) -> None:
    assert category_field_problem(category, ALL) == problem


def test_the_year_before_is_mapped_merged_and_never_split_by_guessing() -> None:
    assert before(SHOPS, ALL, 2025) == Before((SHOPS,), ())
    assert before(THEFT, ALL, 2025) == Before((BIKES,), ())
    assert before(NOISE, ALL, 2025) == Before((), (SPLIT,))
    renamed = Category(7, "Winkel diefstal", 2025, None)
    merged = Category(1, "Winkeldiefstal", 2000, 2024, (3,))
    known = (merged, BIKES, THEFT, renamed)
    assert before(THEFT, known, 2025) == Before((merged, BIKES), ())
    again = Category(8, "fietsen", 2025, None)
    assert before(again, (Category(2, "Fietsen", 2000, 2024), again), 2025).whole[0].id == 2


def tally(total: int, **follow_ups: int) -> Tally:
    made = Tally()
    made.add(follow_ups)
    for _ in range(total - 1):
        made.add({})
    return made


def test_figures_stand_beside_the_mapped_year_before_and_what_is_missing_stays_missing() -> None:
    last = YearBook({1: tally(5), 2: tally(7), 4: tally(2)}, {}, is_kept=True)
    this = YearBook({1: tally(4, aanhouding=6), 3: tally(9, gecontroleerd=2)}, {}, is_kept=True)
    made = {line.category.id: line for line in lines(2025, ALL, this, last)}
    assert (made[1].total, made[1].previous, made[1].followed_up, made[1].follow_ups) == (4, 5, 1, {"aanhouding": 6})
    assert (made[3].total, made[3].previous) == (9, 7)
    assert (made[5].total, made[5].previous, made[5].shared) == (0, None, ("Overlast",))
    assert set(made) == {1, 3, 5, 6}


def test_a_printed_table_keeps_its_holes_and_says_the_year_before_only_where_nothing_else_does() -> None:
    printed = {
        1: [YearRow("Winkeldiefstal", 188, 205, {"aanhouding": 87}, ("5 heren",), "Afgenomen.")],
        2: [YearRow("Fietsen", None, None, {}, (), "")],
    }
    nothing = YearBook({}, {}, is_kept=False)
    table = lines(2023, (SHOPS, BIKES, SPLIT), YearBook({}, printed, is_kept=False), nothing)
    assert [(line.category.id, line.total, line.previous, line.followed_up) for line in table] == [
        (1, 188, 205, None),
        (2, None, None, None),
    ]
    assert (table[0].outcomes, table[0].remarks) == (("5 heren",), ("Afgenomen.",))
    kept = YearBook({1: tally(3)}, {}, is_kept=True)
    [shops, *_] = lines(2024, (SHOPS,), kept, YearBook({}, printed, is_kept=False))
    assert (shops.total, shops.previous) == (3, 188)


ROW = {"category": "Loos alarm", "total_text": "26 (20)", "total": 26, "previous_year_total": 20, "follow_ups": {}}


@pytest.mark.parametrize(
    ("change", "reasons"),
    [
        ({}, []),
        ({"total": None, "total_text": "(20)"}, ["no_total"]),
        ({"previous_year_total": None, "total_text": "26"}, ["no_previous_total"]),
        ({"total_text": "62 (20)"}, ["total_differs"]),
        ({"total_text": "ongeveer 26"}, ["total_differs"]),
        ({"follow_ups": {"aanhoudingen": 27}}, ["follow_up_above_total"]),
        ({"follow_ups": {"overig": ["21 x loos"]}}, ["other_outcomes"]),
        ({"note": "Zie de brontekst."}, ["source_note"]),
    ],
)
def test_a_row_says_what_is_unclear_about_it(change: dict[str, object], reasons: list[str]) -> None:
    document = {**ROW, **change}
    assert unclear(document, read_row(document), False) == reasons


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"category": ""},
        {"category": "a" * 301},
        {"total": -1},
        {"total": True},
        {"total": "26"},
        {"previous_year_total": 1.5},
        {"follow_ups": None},
        {"follow_ups": {"aanhoudingen": -1}},
        {"follow_ups": {"overig": "21"}},
        {"remark": 5},
    ],
)
def test_what_is_no_row_is_refused_whole(wrong: object) -> None:
    with pytest.raises(IncidentRowProblems):
        read_row({**ROW, **wrong} if isinstance(wrong, dict) else wrong)


def test_an_arrest_is_one_kind_whether_printed_in_the_plural_or_not() -> None:
    assert read_row({**ROW, "follow_ups": {"aanhoudingen": 2, "aanhouding": 1}}).follow_ups == {"aanhouding": 3}
    assert "aanhouding" in FOLLOW_UPS
