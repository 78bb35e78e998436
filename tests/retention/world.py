"""A site with footage of any age, as the retention process has it; the clock is scripted."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from retention.runner import PurgeRunner
from retention.verify import Proof, verify
from retention.verify_evidence import every_copy
from tests.fakes import T0_US, FakeClock
from tests.sqlite import migrated_sqlite
from vms.clock import now_utc
from vms.keys import KeyRing, create_site_key
from vms.rules.layout import segment_path, sidecar_path
from vms.rules.terms import Terms
from vms.store import Store, catalog, holds, ledger
from vms.store.catalog import NewSegment, Segment
from vms.store.holds import NewHold
from vms.units import CameraId
from vms.volume import create_marker

NOW = now_utc(FakeClock(T0_US))
CAMERA = CameraId("markt-01")


class World:
    """A site with a volume, a key ring and footage of any age."""

    now = NOW
    minute = timedelta(minutes=1)

    def __init__(self, tmp_path: Path, database_url: str = "") -> None:
        self.clock = FakeClock(T0_US)
        self.store = Store(database_url or migrated_sqlite(tmp_path / "u.db"))
        self.root = tmp_path / "media"
        self.volume_uuid = create_marker(self.root, NOW)
        self.evidence_dir = tmp_path / "evidence"
        self.keys_dir = tmp_path / "keys"
        create_site_key(self.keys_dir / "site.key")
        self.keys = KeyRing(self.keys_dir, self.keys_dir / "site.key")
        with self.store.transaction() as tx:
            catalog.register_volume(tx, self.volume_uuid, str(self.root), NOW)
        self.runner = PurgeRunner(self.store, {self.root: 100.0}, self.keys_dir, self.clock, Terms(28), 0.5)

    def record(self, start_at: datetime, camera: CameraId = CAMERA, size: int = 700, says: int = 0) -> Segment:
        """says: how many bytes the catalog believes it has, when not its real size."""
        path = segment_path(camera, "sub", start_at)
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"footage" * (size // 7))
        (self.root / sidecar_path(path)).write_text("{}\n")
        key = self.keys.data_key(camera, start_at.date(), "public_order")
        with self.store.transaction() as tx:
            return catalog.add(
                tx,
                NewSegment(
                    camera_id=camera,
                    profile="sub",
                    volume_uuid=self.volume_uuid,
                    path=path,
                    start_at=start_at,
                    end_at=start_at + timedelta(minutes=1),
                    duration_90k=60 * 90_000,
                    bytes=says or size,
                    codec="avc1.42e01f",
                    width=640,
                    height=360,
                    sha256="0" * 64,
                    key_id=key.key_id,
                    sidecar_sha256=hashlib.sha256(b"{}\n").hexdigest(),
                    starts_run=False,
                ),
            )

    def hold(self, segment: Segment) -> None:
        with self.store.transaction() as tx:
            holds.create(
                tx,
                NewHold(
                    cameras=(segment.camera_id,),
                    start_at=segment.start_at,
                    end_at=segment.end_at,
                    case_number="PL2300-2026118822",
                    legal_basis="art. 126nd Sv",
                    requester="B. Smits",
                    created_by="e.officer",
                    review_at=NOW + timedelta(days=90),
                ),
                NOW,
            )

    def state(self, segment: Segment) -> str:
        with self.store.reading() as tx:
            return catalog.segment(tx, segment.id).state

    def ledger_kinds(self) -> list[str]:
        with self.store.reading() as tx:
            return [entry.kind for entry in ledger.entries(tx)]

    def proof(self) -> Proof:
        now = now_utc(self.clock)
        return verify(self.store, [self.root], self.keys_dir, now, Terms(28), self.evidence_dir, every_copy)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)
