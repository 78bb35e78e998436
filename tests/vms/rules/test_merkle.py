"""Merkle trees against the examples that certificate transparency publishes, and by their properties."""

from hypothesis import given
from hypothesis import strategies as st

from vms.rules import merkle

# Entries and roots of the reference tests of RFC 6962 implementations.
ENTRIES = [bytes.fromhex(e) for e in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
}


def test_roots_are_those_of_rfc_6962() -> None:
    assert {n: merkle.root(ENTRIES[:n]).hex() for n in ROOTS} == ROOTS


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=40), st.data())
def test_a_path_proves_its_own_entry_at_its_own_place_and_no_other(entries: list[bytes], data) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    steps = merkle.path(entries, index)
    size, root = len(entries), merkle.root(entries)
    assert merkle.root_by_path(entries[index], index, size, steps) == root
    assert merkle.root_by_path(entries[index] + b"x", index, size, steps) != root
    assert merkle.root_by_path(entries[index], index, size, [*steps, b"\0" * 32]) is None
    assert merkle.root_by_path(entries[index], size, size, steps) is None
    if steps:
        assert merkle.root_by_path(entries[index], index, size, steps[:-1]) is None


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.data())
def test_any_change_of_the_list_changes_the_root(entries: list[bytes], data) -> None:
    index = data.draw(st.integers(0, len(entries) - 1))
    dropped = entries[:index] + entries[index + 1 :]
    doubled = entries[: index + 1] + entries[index:]
    assert len({merkle.root(entries), merkle.root(dropped), merkle.root(doubled)}) == 3
