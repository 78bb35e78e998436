"""May footage go early on a volume that is too full, or would that not help, or not be right? Pure."""

from dataclasses import dataclass, replace
from typing import Literal

from vms.rules.disk_space import Space, room_below_mark, shortage

FOREIGN_SHARE = 0.5
"""Of the room below the mark. Footage makes way for other files up to here; then it stays, and recording stops."""


@dataclass(frozen=True, slots=True)
class Stored:
    """So much footage, and so many files."""

    bytes: int = 0
    files: int = 0

    def __sub__(self, other: "Stored") -> "Stored":
        return Stored(max(0, self.bytes - other.bytes), max(0, self.files - other.files))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What fills the volume. held: footage that must stay. foreign: files that are not ours, of so many bytes."""

    reason: Literal["held", "foreign"]
    foreign_bytes: int


def foreign_on(space: Space, ours: Stored) -> Stored:
    """What lies there besides our footage; what the file system reserves is nobody's."""
    used = Stored(space.total_bytes - space.free_bytes - space.reserved_bytes, space.total_files - space.free_files)
    return used - ours


def in_the_way(space: Space, high_water_pct: float, ours: Stored, erasable: Stored) -> Obstacle | None:
    """Of a volume past its mark: None when erasing brings it below, and may.

    ours: all our footage there. erasable: the oldest that may go: as much as is missing, or all if that is less.
    """
    foreign, by_numbers = foreign_on(space, ours), replace(space, refuses_writes=False)
    missing = shortage(by_numbers, high_water_pct)
    room = room_below_mark(space, high_water_pct)
    if (missing.bytes and foreign.bytes > FOREIGN_SHARE * room.bytes) or (
        missing.files and foreign.files > FOREIGN_SHARE * room.files
    ):
        return Obstacle("foreign", foreign.bytes)
    after = replace(
        by_numbers, free_bytes=space.free_bytes + erasable.bytes, free_files=space.free_files + erasable.files
    )
    if erasable.files and not shortage(after, high_water_pct):
        return None
    kept = ours - erasable
    is_theirs = foreign.bytes > kept.bytes if missing.bytes else foreign.files > kept.files
    return Obstacle("foreign" if is_theirs and missing else "held", foreign.bytes)
