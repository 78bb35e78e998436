"""A site whose footage is real: segment files as the recorder writes them, and an evidence store beside the volume."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

from recorder.clip import SegmentReader
from recorder.segment_file import SegmentFile
from recorder.segment_format import SegmentHeader
from retention.evidence import EvidenceKeeper
from tests.retention.world import CAMERA, NOW, World, days_ago
from vms.clock import now_utc
from vms.rules.layout import sidecar_path
from vms.store import catalog, evidence, holds
from vms.store.catalog import NewSegment, Segment
from vms.store.holds import EvidenceHold, NewHold
from vms.units import CameraId, us_from_utc

POSES = b'{"pan":0.1,"tilt":0,"zoom":0,"at_us":1,"camera_utc_us":null,"move_status":"idle"}\n'
MINUTE = timedelta(minutes=1)


class EvidenceWorld(World):
    def __init__(self, tmp_path: Path, database_url: str = "") -> None:
        super().__init__(tmp_path, database_url)
        self.store_dir = self.evidence_dir
        self.reader = SegmentReader([self.root, self.store_dir], self.keys)
        self.keeper = EvidenceKeeper(
            self.store, self.store_dir, 99.0, self.keys_dir, self.clock, lambda: self.reader, lambda: self.keys
        )
        self.runner.evidence = self.keeper
        self.runner.max_share = 1.0

    def film(self, start_at: datetime, camera: CameraId = CAMERA, content: bytes = b"") -> Segment:
        """A minute of footage; content: what is in the file, by default something of its own."""
        plain = content or f"{camera} {start_at} ".encode() * 40
        header = SegmentHeader(
            camera_id=camera,
            profile="sub",
            codec="h264",
            start_us=us_from_utc(start_at),
            starts_run=False,
            purpose="public_order",
            skew_ms=None,
            key_id=None,
            nonce=None,
        )
        key = self.keys.data_key(camera, start_at.date(), "public_order")
        file = SegmentFile(self.root, header, key)
        file.append(bytearray(plain))
        closed = file.finish()
        (self.root / sidecar_path(closed.path)).write_bytes(POSES)
        with self.store.transaction() as tx:
            return catalog.add(
                tx,
                NewSegment(
                    camera_id=camera,
                    profile="sub",
                    volume_uuid=self.volume_uuid,
                    path=closed.path,
                    start_at=start_at,
                    end_at=start_at + MINUTE,
                    duration_90k=60 * 90_000,
                    bytes=closed.bytes,
                    codec="avc1.42e01f",
                    width=640,
                    height=360,
                    sha256=closed.sha256,
                    key_id=key.key_id,
                    sidecar_sha256=hashlib.sha256(POSES).hexdigest(),
                    starts_run=False,
                ),
            )

    def content(self, segment: Segment) -> bytes:
        with self.reader.open(segment) as file:
            return file.read()

    def secure(self, start: datetime, end: datetime, *cameras: CameraId) -> int:
        """Set a hold; its number."""
        new = NewHold(
            cameras=cameras or (CAMERA,),
            start_at=start,
            end_at=end,
            case_number="PL2300-2026118822",
            legal_basis="art. 126nd Sv",
            requester="B. Smits",
            created_by="e.officer",
            review_at=NOW + timedelta(days=90),
        )
        with self.store.transaction() as tx:
            return holds.create(tx, new, now_utc(self.clock)).id

    def held(self, hold_id: int) -> EvidenceHold:
        with self.store.reading() as tx:
            found = holds.get(tx, hold_id)
        assert found is not None
        return found

    def copy_of(self, segment: Segment) -> Segment | None:
        with self.store.reading() as tx:
            return evidence.stand_in(tx, catalog.segment(tx, segment.id))

    def secured_copy(self) -> Segment:
        """Of a minute that is held and secured."""
        segment = self.film(days_ago(2))
        self.secure(segment.start_at, segment.end_at)
        self.runner.run()
        copy = self.copy_of(segment)
        assert copy is not None
        return copy

    def release(self, hold_id: int) -> None:
        with self.store.transaction() as tx:
            holds.release(tx, hold_id, "second.person", now_utc(self.clock))

    def evidence_files(self) -> list[str]:
        return sorted(
            path.relative_to(self.store_dir).as_posix()
            for path in self.store_dir.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        )
