"""Retention by purpose and camera: the shorter term acts at once, the longer one brings nothing back."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vms.rules.terms import CameraTerm, EarlierTerm, Terms

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
DAY = timedelta(days=1)
US = timedelta(microseconds=1)
PURPOSES = ("public_order", "traffic", "harbour")
TERMS = Terms(28, {"markt-01": CameraTerm("public_order", 28), "haven-01": CameraTerm("harbour", 7)})


def changed(before: EarlierTerm, purpose: str, days: int) -> Terms:
    return Terms(28, {"markt-01": CameraTerm(purpose, days)}, {"markt-01": (before,)})


def test_each_camera_goes_by_the_term_of_its_purpose_to_the_microsecond() -> None:
    assert TERMS.is_expired("haven-01", NOW - 7 * DAY, NOW)
    assert not TERMS.is_expired("haven-01", NOW - 7 * DAY + US, NOW)
    assert not TERMS.is_expired("markt-01", NOW - 7 * DAY, NOW)
    assert TERMS.is_expired("unknown", NOW - 28 * DAY, NOW)


def test_a_longer_term_brings_nothing_back_of_what_was_made_under_the_shorter() -> None:
    terms = changed(EarlierTerm("traffic", 7, NOW), "public_order", 28)
    assert terms.is_expired("markt-01", NOW - 8 * DAY, NOW)
    assert terms.is_expired("markt-01", NOW - US, NOW + 7 * DAY)
    assert not terms.is_expired("markt-01", NOW + US, NOW + 27 * DAY)


def test_a_key_of_an_earlier_purpose_is_spent_before_that_of_the_same_day() -> None:
    noon = NOW.replace(hour=12)
    terms = changed(EarlierTerm("traffic", 7, noon), "public_order", 28)
    later = noon + 7 * DAY
    assert terms.is_day_over("markt-01", "traffic", noon.date(), later)
    assert not terms.is_day_over("markt-01", "traffic", noon.date(), later - US)
    assert not terms.is_day_over("markt-01", "public_order", noon.date(), later)
    assert terms.is_day_over("markt-01", "public_order", noon.date(), noon + 29 * DAY)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Terms, list[tuple[str, int, datetime, datetime | None]]]:
    """One camera's terms: (purpose, days, since, until), each following on the one before."""
    at, told = NOW - 300 * DAY, []
    for _ in range(draw(st.integers(0, 4))):
        until = at + draw(st.integers(1, 60)) * DAY
        told.append((draw(st.sampled_from(PURPOSES)), draw(st.integers(1, 92)), at, until))
        at = until
    purpose, days = draw(st.sampled_from(PURPOSES)), draw(st.integers(1, 92))
    earlier = tuple(EarlierTerm(name, number, until) for name, number, _, until in told)
    return Terms(28, {"cam": CameraTerm(purpose, days)}, {"cam": earlier}), [*told, (purpose, days, at, None)]


@given(histories(), st.integers(0, 300), st.integers(0, 120))
def test_footage_is_gone_by_every_term_since_it_was_made_and_by_no_other(known, made_days: int, wait: int) -> None:
    terms, told = known
    start, now = NOW - 300 * DAY + made_days * DAY + timedelta(hours=1), NOW + wait * DAY
    binding = [days for _, days, _, until in told if until is None or start <= until]
    age = now - start
    assert terms.is_expired("cam", start, now) == (age >= min(binding) * DAY)
    if age >= timedelta(0):
        assert terms.expires_at("cam", start) == start + min(binding) * DAY


@given(histories(), st.integers(0, 300), st.integers(0, 60), st.integers(0, 60))
def test_what_is_expired_stays_expired(known, made_days: int, wait: int, more: int) -> None:
    terms, _ = known
    start, now = NOW - 300 * DAY + made_days * DAY, NOW + wait * DAY
    if terms.is_expired("cam", start, now):
        assert terms.is_expired("cam", start, now + more * DAY)
