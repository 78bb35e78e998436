"""Whose password alone is not enough. Pure."""

from collections.abc import Collection
from typing import Final, Literal

from vms.rules.access import Role

Demand = Literal["required", "off"]
PRIVILEGED: Final[frozenset[Role]] = frozenset({"admin", "privacy_officer", "evidence_officer", "shift_manager"})
"""Who can give rights, lift what protects people, or take footage out."""
CODE_LASTS_S: Final = 30
_STEPS_ASIDE: Final = 1
"""Telephones are off by some seconds, and typing takes some: the code before and the code after count too."""


def is_demanded(roles: Collection[str], demand: Demand) -> bool:
    return demand == "required" and not PRIVILEGED.isdisjoint(roles)


def steps_that_count(now_s: float, last_step: int) -> list[int]:
    """Of which 30 s steps a code is taken now: never one that is not after the last that was taken."""
    step = int(now_s // CODE_LASTS_S)
    return [near for near in range(step - _STEPS_ASIDE, step + _STEPS_ASIDE + 1) if near > last_step]
