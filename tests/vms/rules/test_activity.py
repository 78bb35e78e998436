import itertools

from hypothesis import given
from hypothesis import strategies as st

from vms.rules.activity import Activity, Hit, HitList, Span, promising, quiet_bytes
from vms.units import US_PER_SECOND as S

KEYFRAME_BYTES = 20_000


def seconds(*picture_bytes: float | None) -> list[Activity]:
    return [Activity(n * S, (n + 1) * S, each, KEYFRAME_BYTES) for n, each in enumerate(picture_bytes)]


def test_only_what_stands_out_from_the_quietest_is_worth_decoding_with_a_second_around_it() -> None:
    activity = seconds(*[100] * 10, 180, *[100] * 10)
    assert quiet_bytes(activity) == 100
    assert promising(activity, 100) == [Span(9 * S, 12 * S)]


def test_sizes_of_a_few_bytes_that_differ_by_halves_are_still_quiet() -> None:
    activity = seconds(10, 15, 20, 12, 25, 10)
    assert promising(activity, quiet_bytes(activity)) == []


def test_a_street_that_is_never_quiet_is_searched_whole() -> None:
    steady = seconds(*[3000] * 10)
    assert promising(steady, quiet_bytes(steady)) == [Span(-S, 11 * S)]
    night = seconds(*[900] * 10)
    assert promising(night, quiet_bytes(night)) == []


def test_a_stream_of_keyframes_alone_tells_nothing_and_is_searched_whole() -> None:
    activity = seconds(None, None, None)
    assert promising(activity, quiet_bytes(activity)) == [Span(-S, 4 * S)]


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=60))
def test_every_second_that_stands_out_lies_in_one_span_and_spans_do_not_touch(sizes: list[float | None]) -> None:
    activity = seconds(*sizes)
    quiet = quiet_bytes(activity)
    spans = promising(activity, quiet)
    assert all(before.end_us < after.start_us for before, after in itertools.pairwise(spans))
    for each in activity:
        if each.picture_bytes is None or each.picture_bytes > max(quiet * 1.25, quiet + 16):
            assert any(span.start_us <= each.start_us and each.end_us <= span.end_us for span in spans)


def test_moments_that_join_are_one_hit_with_the_most_that_moved() -> None:
    hits = HitList()
    told = [hits.add(at * S, share) for at, share in ((10, 0.1), (11, 0.3), (13, 0.2), (20, 0.5))]
    assert told == [None, None, None, Hit(10 * S, 13 * S, 0.3)]
    assert hits.finish() == Hit(20 * S, 20 * S, 0.5)
    assert hits.finish() is None
