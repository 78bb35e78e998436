"""What became of every moment of a stream: recorded, or not and why. Nothing is ever claimed that nobody knows.

Times are microseconds UTC, intervals half-open.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

CoverageKind = Literal["recorded", "recording", "gap", "erased_early", "expired", "not_installed", "unknown"]
"""recorded: whole on disk. recording: being written now, not in the catalog yet. gap: not recorded, see reason.
erased_early: a full disk took it. expired: past its retention. not_installed: before the stream was first heard of.
unknown: neither footage nor a gap explains it; a fault, never to be taken for recorded."""

LOST: frozenset[CoverageKind] = frozenset({"gap", "unknown"})
"""Time that should have been recorded and was not, but for gaps of UNWANTED reasons."""
UNWANTED = frozenset({"no_decision"})
"""Reasons of gaps in which nothing might be recorded."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """reason, detail: of a gap (vms.store.catalog.GapReason; a sentence for technicians), else empty."""

    start_us: int
    end_us: int
    kind: CoverageKind
    reason: str = ""
    detail: str = ""

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


KnownSpan = tuple[int, int]
"""A row of the catalog: start_us, end_us."""


@dataclass(frozen=True, slots=True)
class KnownGap:
    """end_us None: it lasts still."""

    start_us: int
    end_us: int | None
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one stream around an interval, each list by start.

    recorded: may be shown now. gone: was recorded, may not be shown any more or is not there any more.
    writing: the segment in progress. first_us: the first thing ever known of the stream, None when there is nothing.
    retention_from_us: whatever began at or before it has expired.
    """

    recorded: Sequence[KnownSpan] = ()
    gone: Sequence[KnownSpan] = ()
    gaps: Sequence[KnownGap] = ()
    writing: KnownSpan | None = None
    first_us: int | None = None
    retention_from_us: int = 0


def explain(known: Known, start_us: int, end_us: int, now_us: int) -> list[Stretch]:
    """The whole of [start_us, end_us) up to now, in order, without overlap or hole. The future is not in it."""
    end_us = min(end_us, now_us)
    if end_us <= start_us:
        return []
    told: list[Stretch] = []
    untold = [Stretch(start_us, end_us, "unknown")]
    for layer in _layers(known, start_us, end_us):
        filled, untold = _fill(untold, layer)
        told += filled
    return _joined(sorted([*told, *untold], key=lambda stretch: stretch.start_us))


def _layers(known: Known, start_us: int, end_us: int) -> Iterator[Iterable[Stretch]]:
    """What is surest first: a moment belongs to the first layer that has it."""
    limit_us = known.retention_from_us
    yield _runs(known.recorded, "recorded")
    if known.writing is not None:
        yield [Stretch(*known.writing, "recording")]
    yield (
        Stretch(gap.start_us, end_us if gap.end_us is None else gap.end_us, "gap", gap.reason, gap.detail)
        for gap in known.gaps
    )
    yield _runs([span for span in known.gone if span[0] <= limit_us], "expired")
    yield _runs([span for span in known.gone if span[0] > limit_us], "erased_early")
    yield [Stretch(start_us, end_us if known.first_us is None else known.first_us, "not_installed")]
    yield [Stretch(start_us, limit_us, "expired")]


def _runs(spans: Iterable[KnownSpan], kind: CoverageKind) -> Iterator[Stretch]:
    """Spans that touch or overlap as one: a day of footage is one stretch, not 1440."""
    open_span: KnownSpan | None = None
    for start_us, end_us in spans:
        if open_span is None:
            open_span = start_us, end_us
        elif start_us > open_span[1]:
            yield Stretch(*open_span, kind)
            open_span = start_us, end_us
        elif end_us > open_span[1]:
            open_span = open_span[0], end_us
    if open_span is not None:
        yield Stretch(*open_span, kind)


def _fill(untold: Sequence[Stretch], layer: Iterable[Stretch]) -> tuple[list[Stretch], list[Stretch]]:
    """The parts of the layer that lie in untold time, and the time that is untold still. Both by start.

    Where stretches of the layer overlap, the earlier one keeps the time.
    """
    filled: list[Stretch] = []
    rest: list[Stretch] = []
    holes = iter(untold)
    hole = next(holes, None)
    for stretch in layer:
        if stretch.length_us <= 0:
            continue
        while hole is not None and hole.end_us <= stretch.start_us:
            rest.append(hole)
            hole = next(holes, None)
        while hole is not None and hole.start_us < stretch.end_us:
            if hole.start_us < stretch.start_us:
                rest.append(replace(hole, end_us=stretch.start_us))
            begin_us, until_us = max(hole.start_us, stretch.start_us), min(hole.end_us, stretch.end_us)
            filled.append(replace(stretch, start_us=begin_us, end_us=until_us))
            if stretch.end_us < hole.end_us:
                hole = replace(hole, start_us=max(hole.start_us, stretch.end_us))
                break
            hole = next(holes, None)
    rest += [] if hole is None else [hole, *holes]
    return filled, rest


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours that say the same become one."""
    joined: list[Stretch] = []
    for stretch in stretches:
        last = joined[-1] if joined else None
        if last is not None and (last.kind, last.reason, last.detail) == (stretch.kind, stretch.reason, stretch.detail):
            joined[-1] = replace(last, end_us=stretch.end_us)
        else:
            joined.append(stretch)
    return joined


@dataclass(frozen=True, slots=True)
class Totals:
    """lost_us: by reason; "unknown" for what nothing explains. kept_us: recorded, or being recorded."""

    kept_us: int
    lost_us: dict[str, int]
    other_us: dict[CoverageKind, int]

    @property
    def wanted_us(self) -> int:
        return self.kept_us + sum(self.lost_us.values())

    @property
    def kept_pct(self) -> float | None:
        """Of what should have been recorded; None when nothing should have been. Rounded down: 100 means all."""
        return self.kept_us * 100_000 // self.wanted_us / 1000 if self.wanted_us else None


def totals(stretches: Iterable[Stretch]) -> Totals:
    kept_us = 0
    lost_us: dict[str, int] = {}
    other_us: dict[CoverageKind, int] = {}
    for stretch in stretches:
        if stretch.kind in ("recorded", "recording"):
            kept_us += stretch.length_us
        elif stretch.kind in LOST and stretch.reason not in UNWANTED:
            reason = stretch.reason or "unknown"
            lost_us[reason] = lost_us.get(reason, 0) + stretch.length_us
        else:
            other_us[stretch.kind] = other_us.get(stretch.kind, 0) + stretch.length_us
    return Totals(kept_us, lost_us, other_us)
