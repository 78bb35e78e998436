"""The fuzz targets on what real servers sent, whole and damaged. `tools/fuzz/fuzz.sh` goes on where this ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.fuzz.targets import TARGETS

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_the_seeds_are_there_and_pass(name):
    seeds = TARGETS[name].seeds()
    assert len(seeds) >= 4
    for seed in seeds:
        TARGETS[name].run(seed)


def damaged(seed: bytes) -> st.SearchStrategy[bytes]:
    """Bytes of a seed changed, cut out, repeated, swapped for others."""
    places = st.integers(0, len(seed))
    edit = st.tuples(places, st.integers(0, 40), st.one_of(st.binary(max_size=12), places))

    def apply(edits: list[tuple[int, int, bytes | int]]) -> bytes:
        data = seed
        for at, count, new in edits:
            data = data[:at] + (new if isinstance(new, bytes) else seed[new : new + 60]) + data[at + count :]
        return data

    return st.lists(edit, min_size=1, max_size=6).map(apply)


@every_target
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_of_a_real_server_break_no_promise(name, data):
    seed = data.draw(st.sampled_from(TARGETS[name].seeds()))
    TARGETS[name].run(data.draw(st.one_of(damaged(seed), st.binary(max_size=300))))
