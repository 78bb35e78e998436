"""Prove from the disk, not from the plan, that nothing is older than allowed and that the ledger tells the truth."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retention.finding import Finding
from retention.strays import holds_on_stray
from retention.verify_evidence import EvidenceProof, Reads, verify_evidence
from vms.keys import day_keys
from vms.rules.layout import parse_path, segment_of
from vms.rules.retention import holds_on, is_day_held
from vms.rules.terms import CEILING_DAYS, Terms
from vms.store import Store, Transaction, catalog, holds, ledger, seals, terms
from vms.store.catalog import Segment
from vms.store.holds import EvidenceHold
from vms.volume import MARKER_NAME, mounted

FOREIGN_NAMES = frozenset({"lost+found"})


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a camera's footage is kept, and what verify saw of it. purpose: empty when nobody configured one.

    limit: what began at or before it had to be gone. oldest_frame_at: of its segment files, by their names.
    """

    camera_id: str
    purpose: str
    days: int
    limit: datetime
    oldest_frame_at: datetime | None
    held_files: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What verify saw. limit: whatever its camera, what began at or before it had to be gone. kept: by camera.
    findings: those of the evidence store too."""

    at: datetime
    limit: datetime
    files: int
    bytes: int
    kept: tuple[Kept, ...]
    erased_in_total: int
    evidence: EvidenceProof
    findings: tuple[Finding, ...]

    @property
    def oldest_frame_at(self) -> datetime | None:
        """Of all segment files on the volumes; None when there is none."""
        return min((one.oldest_frame_at for one in self.kept if one.oldest_frame_at is not None), default=None)

    @property
    def days(self) -> int:
        """The longest term of any camera."""
        return max((one.days for one in self.kept), default=CEILING_DAYS)

    @property
    def held_files(self) -> int:
        return sum(one.held_files for one in self.kept)


@dataclass(frozen=True, slots=True)
class _DiskFile:
    volume_uuid: str
    path: str
    bytes: int
    is_link: bool


def verify(
    store: Store,
    roots: Sequence[Path],
    keys_dir: Path,
    now: datetime,
    configured: Terms,
    evidence_dir: Path,
    reads: Reads,
) -> Proof:
    """reads: of which copies in the evidence store the whole content is read. Raises StoreBusy, OSError."""
    volumes = mounted(roots)
    findings = [
        Finding("R7", str(root), "not mounted, or its marker is gone: nothing there can be proven")
        for root in roots
        if root not in volumes.values()
    ]
    with store.reading() as tx:
        holding = holds.active(tx)
        acting = terms.acting(tx, configured, now)
        broken = ledger.first_break(tx)
        unfit = _first_unfit_seal(tx)
        done = ledger.segments_done(tx)
    tombstones = {s.path: s for s in _all(store, "purged")}
    kept = {s.path: s for s in _all(store, "recorded", "purging")}
    if broken:
        findings.append(Finding("R3", "ledger", broken))
    if unfit:
        findings.append(Finding("R9", "ledger", unfit))
    findings += [
        Finding("R4", segment.path, "erased, but the ledger has no `done` for it")
        for segment in tombstones.values()
        if segment.id not in done
    ]
    findings += _late_rows(kept.values(), holding, acting, now)
    files = list(_walk(volumes))
    oldest: dict[str, datetime] = {}
    held = Counter[str]()
    for file in files:
        name = parse_path(file.path)
        if name is None or file.is_link:
            findings.append(Finding("R8", file.path, "not a file of ours; it is left alone, remove it by hand"))
            continue
        if file.path in tombstones:
            findings.append(Finding("R2", file.path, "the ledger says it was erased, the disk still has it"))
        oldest[name.camera_id] = min(name.start_at, oldest.get(name.camera_id, name.start_at))
        row = kept.get(file.path)
        if row is not None and holds_on(row, holding):
            held[name.camera_id] += 1
        elif acting.is_expired(name.camera_id, name.start_at, now):
            owner = _sidecar_row(kept, file.path)
            if owner is None and holds_on_stray(name, holding):
                held[name.camera_id] += 1
            elif owner is None or not holds_on(owner, holding):
                findings.append(Finding("R1", file.path, f"taken {name.start_at:%Y-%m-%d %H:%M:%S} UTC: too old"))
    findings += _late_keys(keys_dir, kept.values(), holding, acting, now)
    secured = verify_evidence(store, evidence_dir, keys_dir, now, reads)
    findings += secured.findings
    size = sum(file.bytes for file in files)
    kept_long = _kept(acting, now, oldest, held)
    return Proof(now, acting.base(now), len(files), size, kept_long, len(done), secured, tuple(findings))


def _first_unfit_seal(tx: Transaction) -> str | None:
    found = seals.LEDGER.first_unfit(tx)
    if found is None:
        return None
    seal, problem = found
    return f"the seal over rows {seal.first_seq} to {seal.last_seq} {problem}"


def _all(store: Store, *states: catalog.SegmentState) -> Iterator[Segment]:
    after = 0
    while True:
        with store.reading() as tx:
            page = catalog.page(tx, after, 5_000, states=states)
        if not page:
            return
        yield from page
        after = page[-1].id


def _sidecar_row(kept: dict[str, Segment], path: str) -> Segment | None:
    """The segment that a pose sidecar belongs to."""
    return kept.get(segment_of(path))


def _kept(acting: Terms, now: datetime, oldest: Mapping[str, datetime], held: Mapping[str, int]) -> tuple[Kept, ...]:
    return tuple(
        Kept(
            camera_id,
            acting.purpose_of(camera_id),
            acting.days_of(camera_id),
            acting.oldest_allowed(camera_id, now),
            oldest.get(camera_id),
            held.get(camera_id, 0),
        )
        for camera_id in sorted({*acting.cameras, *acting.earlier, *oldest})
    )


def _late_rows(rows: Iterable[Segment], holding: Sequence[EvidenceHold], acting: Terms, now: datetime) -> list[Finding]:
    return [
        Finding("R5", row.path, f"in the catalog as {row.state}, taken {row.start_at:%Y-%m-%d %H:%M:%S} UTC: too old")
        for row in rows
        if acting.is_expired(row.camera_id, row.start_at, now) and not holds_on(row, holding)
    ]


def _late_keys(
    keys_dir: Path, rows: Iterable[Segment], holding: Sequence[EvidenceHold], acting: Terms, now: datetime
) -> list[Finding]:
    """A day key whose whole day has expired and that no kept segment needs, nor a hold that is not secured yet."""
    needed = {row.key_id.rsplit("/", 1)[0] for row in rows if row.key_id}
    return [
        Finding("R6", key.name, "its footage is gone; the key must be destroyed too")
        for key in day_keys(keys_dir)
        if acting.is_day_over(key.camera_id, key.purpose, key.day, now)
        and key.name not in needed
        and not is_day_held(key.camera_id, key.day, catalog.MAX_SEGMENT, holding)
    ]


def _walk(volumes: dict[str, Path]) -> Iterator[_DiskFile]:
    """Every file below each volume, links not followed, our marker left out."""
    for volume_uuid, root in volumes.items():
        for directory, subdirectories, names in os.walk(root, followlinks=False):
            here = Path(directory)
            if here == root:
                subdirectories[:] = [name for name in subdirectories if name not in FOREIGN_NAMES]
                names = [name for name in names if not name.startswith(MARKER_NAME)]
            links = [name for name in subdirectories if (here / name).is_symlink()]
            for name in [*names, *links]:
                path = here / name
                try:
                    stat = path.lstat()
                except FileNotFoundError:
                    continue
                yield _DiskFile(volume_uuid, path.relative_to(root).as_posix(), stat.st_size, path.is_symlink())
