"""Who steers a camera, and when it must stop: a state machine without a clock of its own.

One holder per camera. Police go before observers, observers before who draws masks, those before a patrol. The camera
stops when heart-beats stay away for `DEAD_MAN_S`; the lock frees itself after `IDLE_RELEASE_S` without a command. A
patrol gives way to any command of anybody. Times are monotonic seconds, given by the caller.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

DEAD_MAN_S = 0.5
IDLE_RELEASE_S = 15.0

SteeringRole = Literal["police", "observer", "maintenance", "patrol"]
PRIORITY: dict[SteeringRole, int] = {"police": 3, "observer": 2, "maintenance": 1, "patrol": 0}


@dataclass(frozen=True, slots=True)
class Steerer:
    """username identifies; name and role are what others get to see."""

    username: str
    name: str
    role: SteeringRole


@dataclass(frozen=True, slots=True)
class PtzLock:
    holder: Steerer
    since_us: int
    """Server UTC, for people's eyes only."""
    last_command_s: float
    moving_since_beat_s: float | None = None
    """Time of the last heart-beat of a movement under way; None = not moving by hand."""


@dataclass(frozen=True, slots=True)
class Granted:
    """lock is the new state. taken_from: the holder who lost it. was_moving: stop the camera first."""

    lock: PtzLock
    taken_from: Steerer | None = None
    was_moving: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """may_take: asking for the lock itself would take it over, by priority."""

    holder: Steerer
    since_us: int
    may_take: bool


def steering_role(roles: Collection[str]) -> SteeringRole:
    """The strongest claim that somebody's roles give; who may steer at all is for rules.access."""
    if "police_reviewer" in roles:
        return "police"
    return "observer" if "observer" in roles else "maintenance"


def current(lock: PtzLock | None, now_s: float) -> PtzLock | None:
    """The lock, unless it lapsed by idleness."""
    if lock is None or now_s - lock.last_command_s >= IDLE_RELEASE_S:
        return None
    return lock


def take(lock: PtzLock | None, who: Steerer, now_s: float, now_us: int) -> Granted | Busy:
    """Explicitly ask for the camera: granted when free, one's own, or held by somebody of lower priority."""
    held = current(lock, now_s)
    if held is None:
        return Granted(PtzLock(who, now_us, now_s))
    if held.holder.username == who.username:
        return Granted(replace(held, last_command_s=now_s))
    if PRIORITY[who.role] > PRIORITY[held.holder.role]:
        return Granted(PtzLock(who, now_us, now_s), held.holder, held.moving_since_beat_s is not None)
    return Busy(held.holder, held.since_us, may_take=False)


def command(lock: PtzLock | None, who: Steerer, now_s: float, now_us: int, *, moving: bool) -> Granted | Busy:
    """A movement's heart-beat (moving) or any other command. Takes a free camera, or a patrol's, never a person's."""
    held = current(lock, now_s)
    patrol = held.holder if held is not None and held.holder.role == "patrol" and who.role != "patrol" else None
    if held is not None and patrol is None and held.holder.username != who.username:
        return Busy(held.holder, held.since_us, may_take=PRIORITY[who.role] > PRIORITY[held.holder.role])
    base = PtzLock(who, now_us, now_s) if held is None or patrol is not None else held
    lock_now = replace(base, last_command_s=now_s, moving_since_beat_s=now_s if moving else None)
    return Granted(lock_now, taken_from=patrol)


def stopped(lock: PtzLock) -> PtzLock:
    return replace(lock, moving_since_beat_s=None)


def must_stop(lock: PtzLock | None, now_s: float) -> bool:
    """A movement whose heart-beats stayed away: dead-man stop."""
    return lock is not None and lock.moving_since_beat_s is not None and now_s - lock.moving_since_beat_s >= DEAD_MAN_S
