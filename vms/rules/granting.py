"""What a grant must be before it is given, and who may not give it. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from vms.rules.access import is_role
from vms.rules.account_names import is_same_person
from vms.rules.grants import Grant
from vms.rules.local_time import end_us, start_us

WishField = Literal["role", "group", "purpose", "start", "until"]
WishFault = Literal["grant_role", "grant_group", "grant_purpose", "grant_time", "grant_period"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantWish:
    """As typed. start, until: YYYY-MM-DD (until: that day included) or YYYY-MM-DDTHH:MM, in the site's zone; empty:
    now, and until revoked. group, purpose empty: every one."""

    role: str
    group: str = ""
    purpose: str = ""
    start: str = ""
    until: str = ""


def read_wish(
    wish: GrantWish, groups: Collection[str], purposes: Collection[str], zone: ZoneInfo, now_us: int
) -> Grant | dict[WishField, WishFault]:
    """The grant, not numbered yet; or every fault, by its field. groups, purposes: those that cameras have."""
    faults: dict[WishField, WishFault] = {}
    if not is_role(wish.role):
        faults["role"] = "grant_role"
    if wish.group and wish.group not in groups:
        faults["group"] = "grant_group"
    if wish.purpose and wish.purpose not in purposes:
        faults["purpose"] = "grant_purpose"
    first_us = _moment_us(start_us, wish.start, zone) if wish.start else now_us
    last_us = _moment_us(end_us, wish.until, zone) if wish.until else None
    if first_us is None:
        faults["start"] = "grant_time"
    if wish.until and last_us is None:
        faults["until"] = "grant_time"
    if first_us is not None and last_us is not None and last_us <= first_us:
        faults["until"] = "grant_period"
    if faults or first_us is None:
        return faults
    return Grant(id=0, role=wish.role, group=wish.group, purpose=wish.purpose, start_us=first_us, end_us=last_us)


def _moment_us(read: Callable[[str, ZoneInfo], int], text: str, zone: ZoneInfo) -> int | None:
    """None: no such moment, or none that a calendar here can write."""
    try:
        at_us = read(text, zone)
    except (ValueError, OverflowError):
        return None
    return at_us if at_us >= 0 else None


def refuse_giving(by: str, holder: str) -> Literal["grant_to_oneself"] | None:
    """Who manages rights gives them to others: watching takes a second person then."""
    return "grant_to_oneself" if is_same_person(by, holder) else None
