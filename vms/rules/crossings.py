"""Cameras of another purpose than the site's own: who sees what of them, and on what basis. Pure.

Roles that watch or look back hold for cameras of public order. Those of another purpose (traffic, say) are shown to
who was given such a role for that purpose by name, and for a short while to who was let in on a recorded basis: a
crossing (inzage voor een ander doel). Through it one sees; steering, securing and taking along stay with that purpose.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from vms.rules.account_names import is_same_person
from vms.rules.grants import Grant
from vms.rules.terms import PUBLIC_ORDER
from vms.units import US_PER_SECOND

MAX_HOURS = 24
MIN_BASIS = 10

CrossingFault = Literal["crossing_oneself", "crossing_purpose", "crossing_group", "crossing_hours", "crossing_basis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingWish:
    """group empty: every one. basis: the ground in law, and why now."""

    purpose: str
    group: str
    hours: int
    basis: str


def crossing(wish: CrossingWish, now_us: int) -> Grant:
    """A grant without a role: what it opens, it opens for the roles that somebody has. Not numbered yet."""
    end_us = now_us + wish.hours * 3600 * US_PER_SECOND
    return Grant(id=0, role="", group=wish.group, purpose=wish.purpose, start_us=now_us, end_us=end_us)


def refuse_crossing(
    wish: CrossingWish, by: str, holder: str, purposes: Collection[str], groups: Collection[str]
) -> dict[str, CrossingFault]:
    """By field. purposes, groups: those that cameras have. Nobody lets oneself in."""
    faults: dict[str, CrossingFault] = {}
    if is_same_person(by, holder):
        faults["holder"] = "crossing_oneself"
    if wish.purpose == PUBLIC_ORDER or wish.purpose not in purposes:
        faults["purpose"] = "crossing_purpose"
    if wish.group and wish.group not in groups:
        faults["group"] = "crossing_group"
    if not 1 <= wish.hours <= MAX_HOURS:
        faults["hours"] = "crossing_hours"
    if len(wish.basis) < MIN_BASIS:
        faults["basis"] = "crossing_basis"
    return faults
