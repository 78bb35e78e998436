"""Roles for a camera group, a purpose and a period. Pure.

An account holds its roles for every camera. From the first grant of a role on, that account holds this role only as its
grants say, also when they are over or revoked: who was given a street for a month has nothing after that month.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """role in [start_us, end_us), UTC microseconds; end_us None: until revoked. group: an area's name; purpose: of
    cameras. Empty: every one. role empty: a crossing (vms.rules.crossings)."""

    id: int
    role: str
    group: str = ""
    purpose: str = ""
    start_us: int = 0
    end_us: int | None = None
    revoked_us: int | None = None

    def holds(self, at_us: int) -> bool:
        if self.revoked_us is not None and self.revoked_us <= at_us:
            return False
        return self.start_us <= at_us and (self.end_us is None or at_us < self.end_us)

    def is_over(self, at_us: int) -> bool:
        """It will never hold again."""
        return self.revoked_us is not None or (self.end_us is not None and self.end_us <= at_us)

    def reaches(self, group: str, purpose: str) -> bool:
        """Cameras of this group and purpose?"""
        return self.group in ("", group) and self.purpose in ("", purpose)

    @property
    def is_everywhere(self) -> bool:
        return not self.group and not self.purpose


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody holds at a moment. everywhere: roles for every camera. limited: grants for some of them.
    named: grants that name a purpose, of roles that are everywhere too, and crossings.

    scope: the actions that a bearer token is narrowed to; None = all of its roles. is_machine: held by such a token.
    """

    everywhere: frozenset[str]
    limited: tuple[Grant, ...] = ()
    scope: frozenset[str] | None = None
    is_machine: bool = False
    named: tuple[Grant, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """Held for one camera at least."""
        return self.everywhere | {grant.role for grant in self.limited}

    def on(self, group: str, purpose: str) -> frozenset[str]:
        """The roles for a camera of this group and purpose."""
        return self.everywhere | {grant.role for grant in self.limited if grant.reaches(group, purpose)}

    def for_purpose(self, group: str, purpose: str) -> frozenset[str]:
        """The roles that were given for cameras of this purpose by its name."""
        given = (*self.limited, *self.named)
        return frozenset(one.role for one in given if one.role and one.purpose and one.reaches(group, purpose))

    def crossing(self, group: str, purpose: str) -> Grant | None:
        """On which cameras of this purpose are shown to who has no role for it."""
        return next((one for one in self.named if not one.role and one.reaches(group, purpose)), None)


def rights_at(roles: Collection[str], grants: Iterable[Grant], at_us: int) -> Rights:
    """roles: of the account. grants: all that it was ever given."""
    given = tuple(grants)
    holding = [grant for grant in given if grant.holds(at_us)]
    unlimited = frozenset(roles) - {grant.role for grant in given}
    everywhere = unlimited | {grant.role for grant in holding if grant.is_everywhere}
    limited = tuple(grant for grant in holding if grant.role and grant.role not in everywhere)
    named = tuple(grant for grant in holding if grant.purpose and (not grant.role or grant.role in everywhere))
    return Rights(everywhere, limited, named=named)
