from vms.rules.neighbours import area, sides
from vms.rules.ptz_patrol import Patrol, PatrolRun, PatrolStep, UnknownPreset, advance, begin, token_of

TERRACE, DOOR = PatrolStep("Terras", 20), PatrolStep("Deur", 40)
PATROL = Patrol("Nacht", (TERRACE, DOOR))


def went(run: PatrolRun, *moments: tuple[float, bool]) -> list[str | None]:
    """The presets it goes to at these moments; True = nobody steers."""
    seen: list[str | None] = []
    for now_s, is_free in moments:
        run, step = advance(run, now_s, is_free=is_free)
        seen.append(step.preset if step else None)
    return seen


def test_it_goes_along_its_presets_for_ever_and_stays_at_each_for_its_time() -> None:
    run = begin(PATROL, 100.0)
    moments = [(100.0, True), (119.9, True), (120.0, True), (159.9, True), (160.0, True)]
    assert went(run, *moments) == ["Terras", None, "Deur", None, "Terras"]


def test_it_does_not_begin_before_its_time() -> None:
    assert went(begin(PATROL, 115.0), (100.0, True), (115.0, True)) == [None, "Terras"]


def test_it_waits_while_somebody_steers_and_then_returns_to_where_it_was_for_the_whole_time() -> None:
    run = begin(PATROL, 0.0)
    moments = [(0.0, True), (20.0, True), (30.0, False), (300.0, False), (301.0, True), (340.9, True), (341.0, True)]
    assert went(run, *moments) == ["Terras", "Deur", None, None, "Deur", None, "Terras"]


def test_a_camera_that_somebody_has_from_the_start_is_waited_for() -> None:
    assert went(begin(PATROL, 0.0), (0.0, False), (15.0, True)) == [None, "Terras"]


def test_one_preset_is_gone_to_again_and_again_so_that_a_camera_that_was_turned_returns() -> None:
    assert went(begin(Patrol("Een", (TERRACE,)), 0.0), (0.0, True), (20.0, True)) == ["Terras", "Terras"]


def test_presets_are_known_by_token_or_by_name() -> None:
    names = {"1": "Terras", "2": "1", "3": "Deur"}
    assert [token_of(preset, names) for preset in ("1", "Deur", "Plein")] == ["1", "3", UnknownPreset("Plein")]


def test_neighbours_without_a_side_get_the_free_ones_in_turn() -> None:
    assert sides([None, "left", None, None, None]) == ["right", "left", "up", "down", None]


def test_the_area_of_an_outline_is_its_share_of_the_picture() -> None:
    assert area(((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))) == 0.25
    assert area(((0.0, 0.0), (1.0, 0.0), (0.3, 0.0))) == 0.0
