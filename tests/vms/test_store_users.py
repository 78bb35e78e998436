"""Accounts: names that differ in spelling alone are one name."""

import pytest

from tests.fakes import T0_US
from vms.store import Store, users
from vms.store.users import NameTaken
from vms.units import utc_from_us

T0 = utc_from_us(T0_US)


@pytest.mark.parametrize("name", ["jan", "Jan", "JAN"])
def test_no_two_accounts_have_names_that_differ_in_case_alone(store: Store, name: str) -> None:
    with store.transaction() as tx:
        users.add(tx, "jan", "Jan", "x", ["evidence_officer"], T0)
        with pytest.raises(NameTaken, match="exists already"):
            users.add(tx, name, "Jan", "x", ["privacy_officer"], T0)
        users.add(tx, "jan2", "Jan", "x", ["privacy_officer"], T0)
