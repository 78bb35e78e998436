import pytest

from vms.rules.outlines import outline_problem

SQUARE = [(51.370, 6.170), (51.371, 6.170), (51.371, 6.172), (51.370, 6.172)]


@pytest.mark.parametrize(
    ("outline", "problem"),
    [
        (SQUARE, None),
        (SQUARE[::-1], None),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "crosses itself"),
        ([SQUARE[0], SQUARE[1], SQUARE[0]], "has no area"),
        ([(51.370, 6.170), (51.371, 6.170), (51.372, 6.170)], "has no area"),
    ],
)
def test_an_outline_is_a_polygon(outline: list[tuple[float, float]], problem: str | None) -> None:
    found = outline_problem(outline)
    assert found is None if problem is None else problem in str(found)
