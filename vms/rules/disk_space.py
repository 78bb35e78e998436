"""How full a volume is, when its oldest footage must go early, and when nothing may be written to it any more. Pure.

A file system runs out of bytes or of files (inodes); the fuller of the two counts everywhere.
"""

from dataclasses import dataclass

RELIEF_PCT = 1.0
"""Early erasure goes on until the volume is this far below its high-water mark, so it does not start again at once."""
_FLOOR_BYTES = 256 * 1024 * 1024
_FLOOR_FILES = 1_000
_FLOOR_SHARE = 0.02
_HEADROOM_FLOORS = 2
"""Erasing begins at so many floors of free space at the latest, or a high mark on a small disk would stop it first."""


@dataclass(frozen=True, slots=True)
class Space:
    """What a file system says of itself; free = available to us. total_files 0: it does not count files.

    refuses_writes: it just refused a small write for lack of room, whatever the numbers say (a quota).
    reserved_bytes: neither free to us nor used.
    """

    total_bytes: int
    free_bytes: int
    total_files: int = 0
    free_files: int = 0
    refuses_writes: bool = False
    reserved_bytes: int = 0

    @property
    def used_pct(self) -> float:
        return max(_used_pct(self.total_bytes, self.free_bytes), self._used_files_pct)

    @property
    def _used_files_pct(self) -> float:
        return _used_pct(self.total_files, self.free_files) if self.total_files else 0.0


@dataclass(frozen=True, slots=True)
class Shortage:
    """How much must go early; falsy when nothing must."""

    bytes: int = 0
    files: int = 0

    def __bool__(self) -> bool:
        return self.bytes > 0 or self.files > 0


def shortage(space: Space, high_water_pct: float) -> Shortage:
    """Nothing below the high-water mark; from there on all that lies above the mark less RELIEF_PCT."""
    missing = Shortage(
        _missing(space.total_bytes, space.free_bytes, high_water_pct, _FLOOR_BYTES),
        _missing(space.total_files, space.free_files, high_water_pct, _FLOOR_FILES),
    )
    if space.refuses_writes and not missing:
        return Shortage(bytes=max(1, int(space.total_bytes * RELIEF_PCT / 100)))
    return missing


def is_relieved(space: Space, high_water_pct: float) -> bool:
    """So far below the mark that a volume which was full of held footage may be written to again."""
    return not space.refuses_writes and not shortage(space, high_water_pct - RELIEF_PCT)


def why_full(space: Space) -> str:
    """Why nothing new may be begun here; empty when there is room."""
    if not space.total_bytes or space.free_bytes < _floor(space.total_bytes, _FLOOR_BYTES):
        return f"full: {space.free_bytes // 1_048_576} MiB free"
    if space.total_files and space.free_files < _floor(space.total_files, _FLOOR_FILES):
        return f"full: room for {space.free_files} more files"
    return ""


def _floor(total: int, at_most: int) -> int:
    return max(1, min(at_most, int(total * _FLOOR_SHARE)))


def room_to_mark(space: Space, high_water_pct: float) -> int:
    """Bytes that still go before the oldest footage must; negative past the mark."""
    return space.free_bytes - int(_headroom(space.total_bytes, high_water_pct, _FLOOR_BYTES))


@dataclass(frozen=True, slots=True)
class Room:
    """Of a volume below its high-water mark, when nothing lies there."""

    bytes: int
    files: int


def room_below_mark(space: Space, high_water_pct: float) -> Room:
    return Room(
        space.total_bytes - int(_headroom(space.total_bytes, high_water_pct, _FLOOR_BYTES)),
        space.total_files - int(_headroom(space.total_files, high_water_pct, _FLOOR_FILES)),
    )


def _missing(total: int, free: int, high_water_pct: float, floor_at_most: int) -> int:
    if not total:
        return 0
    headroom = _headroom(total, high_water_pct, floor_at_most)
    return 0 if free > headroom else int(headroom + total * RELIEF_PCT / 100) - free


def _headroom(total: int, high_water_pct: float, floor_at_most: int) -> float:
    return max(total * (100 - high_water_pct) / 100, _HEADROOM_FLOORS * _floor(total, floor_at_most))


def _used_pct(total: int, free: int) -> float:
    return 100.0 * (1 - free / total) if total else 100.0
