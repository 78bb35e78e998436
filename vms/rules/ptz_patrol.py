"""A patrol: a camera that goes along its presets by itself, and waits while anybody steers it.

A state machine without a clock of its own; times are monotonic seconds, given by the caller. The patrol's place among
those who steer is the lowest (`vms.rules.ptz_lock`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PatrolStep:
    """preset: name or token. dwell_s: until the next one, the way there included."""

    preset: str
    dwell_s: float


@dataclass(frozen=True, slots=True)
class Patrol:
    name: str
    steps: tuple[PatrolStep, ...]


@dataclass(frozen=True, slots=True)
class PatrolRun:
    """step: where it is; -1 = not begun. due_s: when the next step is due. paused: somebody steers."""

    patrol: Patrol
    due_s: float
    step: int = -1
    paused: bool = False


@dataclass(frozen=True, slots=True)
class UnknownPreset:
    """The camera has none of this name or token (any more)."""

    preset: str


def begin(patrol: Patrol, now_s: float) -> PatrolRun:
    """Its first preset is due now."""
    return PatrolRun(patrol, due_s=now_s)


def advance(run: PatrolRun, now_s: float, *, is_free: bool) -> tuple[PatrolRun, PatrolStep | None]:
    """What the run has become, and the step to go to now, if any. is_free: nobody but the patrol has the camera.

    After a pause it goes back to where it was, and stays there for the whole dwell time.
    """
    if not is_free:
        return replace(run, paused=True), None
    if not run.paused and now_s < run.due_s:
        return run, None
    number = max(0, run.step) if run.paused else (run.step + 1) % len(run.patrol.steps)
    step = run.patrol.steps[number]
    return replace(run, step=number, due_s=now_s + step.dwell_s, paused=False), step


def token_of(preset: str, names: Mapping[str, str]) -> str | UnknownPreset:
    """The camera's token for a name or token. names: by token. A token goes before a name that looks like it."""
    if preset in names:
        return preset
    return next((token for token, name in names.items() if name == preset), UnknownPreset(preset))
