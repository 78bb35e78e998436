"""Holds × purge × clock, in any order: no held footage is ever lost, and nothing outlives its term on a volume."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.retention.evidence_world import MINUTE, EvidenceWorld
from vms.clock import now_utc
from vms.errors import StorageError
from vms.keys import KeyRing
from vms.rules.terms import Terms
from vms.store import holds
from vms.store.catalog import Segment
from vms.store.holds import NewHold
from vms.units import CameraId

CAMERAS = (CameraId("markt-01"), CameraId("markt-02"))
TERMS = Terms(28)
STORIES = int(os.environ.get("UITKIJK_STORIES", "8"))
"""More for a soak: UITKIJK_STORIES=500."""

film = st.tuples(st.just("film"), st.integers(0, 1))
hold = st.tuples(st.just("hold"), st.sampled_from([0, 0, 3, 15, 30]))
release = st.tuples(st.just("release"), st.integers(0, 5))
extend = st.tuples(st.just("extend"), st.integers(0, 5), st.integers(1, 8))
wait = st.tuples(st.just("wait"), st.sampled_from([1, 14, 15, 27]))
fault = st.tuples(st.just("fault"), st.booleans())
overdue = st.just(("overdue",))
purge = st.just(("purge",))
steps = st.lists(
    st.one_of(film, film, hold, hold, release, extend, wait, wait, overdue, fault, purge), min_size=6, max_size=24
)


class Story:
    """A site to which things happen. What it promises is checked after each."""

    def __init__(self, directory: Path) -> None:
        self.world = EvidenceWorld(directory)
        self.filmed: list[tuple[Segment, bytes]] = []
        self.held: dict[int, list[tuple[Segment, bytes]]] = {}
        self.is_full = False
        keys = self.world.keeper.open_keys

        def open_keys() -> KeyRing:
            if self.is_full:
                raise StorageError("no room")
            return keys()

        self.world.keeper.open_keys = open_keys

    def now(self) -> datetime:
        return now_utc(self.world.clock)

    def film(self, camera: int) -> None:
        self.world.clock.advance(60)
        segment = self.world.film(self.now() - MINUTE, CAMERAS[camera])
        self.filmed.append((segment, self.world.content(segment)))

    def hold(self, days: int) -> None:
        """As `vms.store.holding` does: what had expired stays expired."""
        new = NewHold(
            cameras=CAMERAS,
            start_at=self.now() - timedelta(days=days, hours=1),
            end_at=self.now(),
            case_number="Z-1",
            legal_basis="art. 126nd Sv",
            requester="B. Smits",
            created_by="e.officer",
            review_at=self.now() + timedelta(days=1),
            expired_before=TERMS.oldest_allowed(CAMERAS[0], self.now()),
        )
        with self.world.store.transaction() as tx:
            made = holds.create(tx, new, self.now())
        self.held[made.id] = []
        self._note(made.id)

    def _note(self, hold_id: int) -> None:
        """What the hold must keep: young when it was set, or filmed later."""
        known = self.world.held(hold_id)
        for segment, content in self.filmed:
            is_in = segment.start_at < known.end_at and known.start_at < segment.end_at
            is_alive = segment.start_at > known.expired_before
            is_due = is_in and is_alive and not TERMS.is_expired(CAMERAS[0], segment.start_at, self.now())
            if is_due and (segment, content) not in self.held[hold_id]:
                self.held[hold_id].append((segment, content))

    def extend(self, number: int, days: int) -> None:
        if self.held:
            hold_id = sorted(self.held)[number % len(self.held)]
            known = self.world.held(hold_id)
            if known.end_at > TERMS.oldest_allowed(CAMERAS[0], self.now()):
                with self.world.store.transaction() as tx:
                    holds.extend(tx, hold_id, known.end_at + timedelta(days=days), known.review_at)

    def release(self, number: int) -> None:
        if self.held:
            hold_id = sorted(self.held)[number % len(self.held)]
            self.world.release(hold_id)
            del self.held[hold_id]

    def wait(self, days: int) -> None:
        self.world.clock.advance(days * 86_400)
        self.purge()

    def overdue(self) -> None:
        """The purge is late: something has expired and is still there."""
        self.world.clock.advance(86_400)

    def fault(self, is_full: bool) -> None:
        self.is_full = is_full

    def purge(self) -> None:
        self.world.runner.run(confirmed=True)
        self._check_volume()

    def step(self, name: str, *arguments: int) -> None:
        for hold_id in self.held:
            self._note(hold_id)
        getattr(self, name)(*arguments)
        for hold_id in self.held:
            self._note(hold_id)
        self._check_held()

    def _check_held(self) -> None:
        for hold_id, kept in self.held.items():
            for segment, content in kept:
                copy = self.world.copy_of(segment)
                if self.world.state(segment) == "recorded":
                    assert self.world.content(segment) == content
                else:
                    assert copy is not None, f"hold {hold_id} lost {segment.path}"
                    assert self.world.content(copy) == content

    def _check_volume(self) -> None:
        """Straight from the disk: old files are those of holds that are neither secured nor released."""
        with self.world.store.reading() as tx:
            waiting = [known for known in holds.active(tx) if known.secured_at is None]
        limit = TERMS.oldest_allowed(CAMERAS[0], self.now())
        for segment, _ in self.filmed:
            if segment.start_at <= limit and (self.world.root / segment.path).exists():
                assert any(
                    known.start_at < segment.end_at
                    and segment.start_at < known.end_at
                    and segment.start_at > known.expired_before
                    for known in waiting
                )
        assert self.world.proof().findings == ()
        homes = {int(path.split("/")[0][1:]) for path in self.world.evidence_files()}
        assert homes <= set(self.held)


@settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(story=steps)
@example(story=[("film", 0), ("fault", True), ("hold", 0), ("wait", 27), ("wait", 14), ("fault", False), ("wait", 1)])
@example(story=[("film", 1), ("hold", 3), ("purge",), ("wait", 27), ("wait", 14), ("release", 0), ("purge",)])
@example(story=[("film", 0), ("wait", 27), ("film", 0), ("overdue",), ("fault", True), ("hold", 30), ("purge",)])
@example(story=[("film", 1), ("wait", 27), ("hold", 30), ("film", 0), ("extend", 0, 8), ("wait", 14), ("purge",)])
def test_whatever_happens_held_footage_is_kept_and_nothing_else_outlives_its_term(story) -> None:
    with tempfile.TemporaryDirectory(prefix="uitkijk-story-") as directory:
        told = Story(Path(directory))
        try:
            for name, *arguments in [*story, ("fault", False), ("wait", 1), ("purge",)]:
                told.step(name, *arguments)
        finally:
            told.world.store.close()
