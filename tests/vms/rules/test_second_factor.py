"""Which 30 s steps of a telephone's code count, and whose password alone is not enough."""

import pytest

from vms.rules.second_factor import is_demanded, steps_that_count


@pytest.mark.parametrize(
    ("last_step", "counting"), [(0, [99, 100, 101]), (99, [100, 101]), (100, [101]), (101, []), (500, [])]
)
def test_the_codes_beside_count_too_but_never_one_that_was_taken_or_an_older_one(
    last_step: int, counting: list[int]
) -> None:
    assert steps_that_count(3000.0, last_step) == counting
    assert steps_that_count(3029.9, last_step) == counting


def test_one_privileged_role_among_others_is_enough() -> None:
    assert is_demanded(["observer", "admin"], "required")
    assert not is_demanded(["observer", "technician", "police_reviewer", "policy_officer"], "required")
    assert not is_demanded(["admin"], "off")
    assert not is_demanded([], "required")
