from vms.rules.placements import Placement, is_moved, placement_document, placement_of_document

HERE = Placement("mast 4", 51.3704, 6.1724)


def test_another_name_or_another_place_is_a_move() -> None:
    assert is_moved(HERE, Placement("mast 5", 51.3704, 6.1724))
    assert is_moved(HERE, Placement("mast 4", 51.3705, 6.1724))
    assert is_moved(HERE, Placement("mast 4", 51.3704, 6.1726))


def test_a_better_measurement_or_a_first_one_is_none() -> None:
    assert not is_moved(HERE, HERE)
    assert not is_moved(HERE, Placement("mast 4", 51.37042, 6.17241))
    assert not is_moved(Placement("mast 4", None, None), HERE)
    assert not is_moved(None, HERE)


def test_a_placement_survives_being_stored() -> None:
    assert placement_of_document(placement_document(HERE)) == HERE
    assert placement_of_document(placement_document(None)) is None
    assert placement_of_document({"name": "", "lat": None, "lon": None}) == Placement("", None, None)
