"""Every moment of a stream is explained once: recorded, or not and why."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vms.rules.coverage import Known, KnownGap, KnownSpan, Stretch, explain, totals

NOW = 1_000
MOMENTS = st.integers(min_value=-50, max_value=NOW + 200)


def spans() -> st.SearchStrategy[list[KnownSpan]]:
    """Any rows, overlapping and empty ones included, by start as the catalog gives them."""
    one = st.tuples(MOMENTS, st.integers(min_value=0, max_value=300)).map(lambda s: (s[0], s[0] + s[1]))
    return st.lists(one, max_size=8).map(sorted)


def gaps() -> st.SearchStrategy[list[KnownGap]]:
    one = st.builds(
        lambda start, length, reason: KnownGap(start, None if length is None else start + length, reason),
        MOMENTS,
        st.none() | st.integers(min_value=0, max_value=300),
        st.sampled_from(["disk", "restart", "unreachable"]),
    )
    return st.lists(one, max_size=6).map(lambda made: sorted(made, key=lambda gap: gap.start_us))


KNOWN = st.builds(
    Known,
    recorded=spans(),
    gone=spans(),
    gaps=gaps(),
    writing=st.none() | st.builds(lambda a, n: (a, a + n), MOMENTS, st.integers(0, 100)),
    first_us=st.none() | MOMENTS,
    retention_from_us=MOMENTS,
)


@given(known=KNOWN, start=MOMENTS, length=st.integers(min_value=0, max_value=1_500))
def test_the_answer_is_exactly_the_interval_up_to_now_in_order_and_without_overlap(
    known: Known, start: int, length: int
) -> None:
    told = explain(known, start, start + length, NOW)
    end = min(start + length, NOW)
    if end <= start:
        assert told == []
        return
    assert (told[0].start_us, told[-1].end_us) == (start, end)
    assert all(stretch.length_us > 0 for stretch in told)
    assert all(before.end_us == after.start_us for before, after in pairwise(told))
    assert all(
        (before.kind, before.reason, before.detail) != (after.kind, after.reason, after.detail)
        for before, after in pairwise(told)
    )
    found = totals(told)
    assert found.wanted_us + sum(found.other_us.values()) == end - start


@given(known=KNOWN, start=MOMENTS, length=st.integers(min_value=1, max_value=1_500), data=st.data())
def test_each_moment_says_what_is_known_of_it_and_never_more(
    known: Known, start: int, length: int, data: st.DataObject
) -> None:
    told = explain(known, start, start + length, NOW)
    if not told:
        return
    at = data.draw(st.integers(min_value=start, max_value=min(start + length, NOW) - 1))
    [stretch] = [stretch for stretch in told if stretch.start_us <= at < stretch.end_us]
    has_row = any(start <= at < end for start, end in known.recorded)
    assert (stretch.kind == "recorded") == has_row
    is_gap = any(gap.start_us <= at and (gap.end_us is None or at < gap.end_us) for gap in known.gaps)
    if stretch.kind == "gap":
        assert is_gap
    if stretch.kind == "unknown":
        assert not has_row
        assert not is_gap
        assert known.first_us is not None
        assert max(known.first_us, known.retention_from_us) <= at


def say(known: Known, start: int = 0, end: int = NOW, now: int = NOW) -> list[tuple[int, int, str, str]]:
    return [(s.start_us, s.end_us, s.kind, s.reason) for s in explain(known, start, end, now)]


def test_segments_that_touch_are_one_and_what_nothing_explains_is_unknown() -> None:
    known = Known(recorded=[(0, 60), (60, 120), (130, 190)], first_us=0)
    assert say(known, 0, 200) == [
        (0, 120, "recorded", ""),
        (120, 130, "unknown", ""),
        (130, 190, "recorded", ""),
        (190, 200, "unknown", ""),
    ]


def test_an_open_gap_ends_now_and_the_future_is_not_claimed() -> None:
    known = Known(recorded=[(0, 60)], gaps=[KnownGap(60, None, "unreachable", "no route")], first_us=0)
    assert explain(known, 0, 500, 100) == [
        Stretch(0, 60, "recorded"),
        Stretch(60, 100, "gap", "unreachable", "no route"),
    ]
    assert explain(known, 100, 500, 100) == []


def test_what_is_being_written_is_said_apart_from_what_is_whole() -> None:
    known = Known(recorded=[(0, 60)], writing=(60, 95), first_us=0)
    assert say(known, 0, 100, 100) == [(0, 60, "recorded", ""), (60, 95, "recording", ""), (95, 100, "unknown", "")]


def test_expired_and_early_erased_footage_is_not_shown_as_recorded() -> None:
    known = Known(
        recorded=[(700, 800)],
        gone=[(400, 460), (460, 520), (600, 700)],
        gaps=[KnownGap(300, 350, "disk")],
        first_us=200,
        retention_from_us=500,
    )
    assert say(known, 100, 850) == [
        (100, 200, "not_installed", ""),
        (200, 300, "expired", ""),
        (300, 350, "gap", "disk"),
        (350, 520, "expired", ""),
        (520, 600, "unknown", ""),
        (600, 700, "erased_early", ""),
        (700, 800, "recorded", ""),
        (800, 850, "unknown", ""),
    ]


def test_a_camera_that_was_never_heard_of_has_lost_nothing() -> None:
    assert say(Known(), 0, 10) == [(0, 10, "not_installed", "")]
    assert totals(explain(Known(), 0, 10, NOW)).kept_pct is None


def test_totals_count_seconds_by_reason_and_never_round_up_to_all() -> None:
    known = Known(
        recorded=[(0, 999_999)],
        gaps=[KnownGap(999_999, 1_000_000, "disk")],
        first_us=0,
    )
    found = totals(explain(known, 0, 1_000_000, 1_000_000))
    assert (found.kept_us, found.lost_us, found.kept_pct) == (999_999, {"disk": 1}, 99.999)
    lost = totals(explain(Known(recorded=[(0, 9_999_999)], first_us=0), 0, 10_000_000, 10_000_000))
    assert (lost.lost_us, lost.kept_pct) == ({"unknown": 1}, 99.999)
