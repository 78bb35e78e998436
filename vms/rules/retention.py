"""When footage must go, and when a purge must stop and ask. Decisions only: `retention/` acts on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol

from vms.rules.terms import Terms


class Footage(Protocol):
    """What the rule needs of a segment."""

    @property
    def camera_id(self) -> str: ...
    @property
    def start_at(self) -> datetime: ...
    @property
    def end_at(self) -> datetime: ...


class Hold(Protocol):
    """What the rule needs of an evidence hold. cameras: ids; [start_at, end_at) half-open.

    expired_before: what began at or before it had expired when the hold was set, and is not brought back.
    secured_at: since then the evidence store has a copy of everything, and the originals go on time.
    """

    @property
    def id(self) -> int: ...
    @property
    def cameras(self) -> Sequence[str]: ...
    @property
    def start_at(self) -> datetime: ...
    @property
    def end_at(self) -> datetime: ...
    @property
    def released_at(self) -> datetime | None: ...
    @property
    def secured_at(self) -> datetime | None: ...
    @property
    def expired_before(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Keep:
    """hold_ids: the evidence holds that keep it; empty when it is simply young."""

    reason: Literal["young", "held"]
    hold_ids: tuple[int, ...] = ()


EraseReason = Literal["expired", "disk_pressure"]


@dataclass(frozen=True, slots=True)
class Erase:
    reason: EraseReason


PurgeDecision = Keep | Erase


def holds_on(footage: Footage, holds: Sequence[Hold]) -> tuple[int, ...]:
    """Ids of the holds that keep this footage where it is: not released, not secured, and overlapping (half-open)."""
    return tuple(
        hold.id
        for hold in holds
        if hold.released_at is None
        and hold.secured_at is None
        and footage.start_at > hold.expired_before
        and footage.camera_id in hold.cameras
        and hold.start_at < footage.end_at
        and footage.start_at < hold.end_at
    )


def is_day_held(camera_id: str, day: date, longest: timedelta, holds: Sequence[Hold]) -> bool:
    """May a hold need what this camera took on that day (UTC), files without a row too? longest: of one file."""
    midnight = datetime.combine(day, time(), UTC)
    after = midnight + timedelta(days=1)
    return any(
        hold.released_at is None
        and hold.secured_at is None
        and camera_id in hold.cameras
        and hold.expired_before < after
        and hold.start_at < after + longest
        and midnight < hold.end_at
        for hold in holds
    )


def decide_purge(footage: Footage, holds: Sequence[Hold], now: datetime, terms: Terms) -> PurgeDecision:
    if not terms.is_expired(footage.camera_id, footage.start_at, now):
        return Keep("young")
    if held_by := holds_on(footage, holds):
        return Keep("held", held_by)
    return Erase("expired")


def decide_early(footage: Footage, holds: Sequence[Hold]) -> PurgeDecision:
    """On a volume that is too full: held footage stays whatever happens."""
    if held_by := holds_on(footage, holds):
        return Keep("held", held_by)
    return Erase("disk_pressure")


MAX_CLOCK_STEP = timedelta(minutes=5)
SMALL_STORE_SEGMENTS = 200
"""Below this, a share says nothing: a handful of old segments may well be half of a young store."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """now, last_run_at: wall clock. elapsed: by the monotonic clock since last_run_at; None after a restart."""

    now: datetime
    last_run_at: datetime | None
    elapsed: timedelta | None
    expired_segments: int
    stored_segments: int


def refuse_run(facts: RunFacts, max_share: float) -> str | None:
    """Why this purge must not run without a person's confirmation; None = go ahead.

    A clock that jumped, not the law, may be what made all this footage old.
    """
    if facts.last_run_at is not None:
        if facts.now < facts.last_run_at - MAX_CLOCK_STEP:
            return f"the clock went back: the last run was at {facts.last_run_at:%Y-%m-%d %H:%M:%S} UTC"
        if facts.elapsed is not None and facts.now - facts.last_run_at - facts.elapsed > MAX_CLOCK_STEP:
            return f"the clock jumped forward by {facts.now - facts.last_run_at - facts.elapsed}"
    if facts.stored_segments >= SMALL_STORE_SEGMENTS and facts.expired_segments > max_share * facts.stored_segments:
        return f"{facts.expired_segments} of {facts.stored_segments} segments would be erased in one run"
    return None
