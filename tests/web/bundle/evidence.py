"""A site with real footage of two cameras, one masked and one open, and exports of it made by the real painter."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import numpy as np

from recorder.segment_file import SegmentFile
from recorder.segment_format import SegmentHeader
from tests.fakes import T0_US, FakeClock
from vms.clock import now_utc
from vms.config import SiteConfig
from vms.export_certificate import ExportSealer, create_export_key
from vms.keys import KeyRing, create_site_key
from vms.rules.masks import parse_mask_import
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, catalog
from vms.store import masks as mask_store
from vms.store.catalog import NewSegment, Segment
from vms.units import CameraId, us_from_utc, utc_from_us
from vms.volume import create_marker
from web.bundle.make import MadeBundle, Notary, make_bundle
from web.bundle.order import BundleOrder
from web.bundle.staged import Camera, Studio
from web.bundle.stages import KeptStage
from web.live.own_clips import own_clips

MASKED, OPEN = "markt-01", "plein-01"
WIDTH, HEIGHT, FPS, SEGMENT_S = 320, 180, 10, 2
HOME = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
START_US = T0_US - 3600 * 1_000_000
NAMES = {MASKED: Camera(MASKED, 2, "Markt"), OPEN: Camera(OPEN, 1, "Plein")}


def street(index: int) -> np.ndarray:
    """Busy everywhere, another picture each time."""
    cells = np.random.default_rng(index).integers(0, 255, (HEIGHT // 20, WIDTH // 20, 3), np.uint8)
    return np.kron(cells, np.ones((20, 20, 1), np.uint8))


def recorded_mp4(first: int) -> bytes:
    made = io.BytesIO()
    with av.open(made, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof+frag_keyframe"}) as mp4:
        stream: Any = mp4.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = FPS
        stream.codec_context.time_base = Fraction(1, FPS)
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
        for index in range(SEGMENT_S * FPS):
            frame = av.VideoFrame.from_ndarray(street(first + index), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            mp4.mux(stream.encode(frame))
        mp4.mux(stream.encode(None))
    return made.getvalue()


class Evidence:
    """MASKED: three segments. OPEN: two, and a gap between them."""

    def __init__(self, directory: Path, now_us: int = T0_US) -> None:
        self.directory = directory
        self.clock = FakeClock(now_us)
        self.start_us = now_us - 3600 * 1_000_000
        cameras = [
            {"id": OPEN, "number": 1, "name": "Plein", "main": "rtsp://127.0.0.1:9/a", "masks": "none"},
            {"id": MASKED, "number": 2, "name": "Markt", "main": "rtsp://127.0.0.1:9/b"},
        ]
        self.config = SiteConfig.model_validate(
            {"site": {"name": "Gemeente Ergens", "data_dir": str(directory)}, "cameras": cameras}
        )
        self.store = Store(self.config.database_url)
        self.store.migrate()
        create_site_key(self.config.site_key_file)
        self.keys = KeyRing(directory / "keys", self.config.site_key_file)
        now = now_utc(self.clock)
        self.volume_uuid = create_marker(self.config.volumes[0].path, now)
        create_signing_key(self.config.signing_key_file)
        create_export_key(self.config.export_key_file, "Gemeente Ergens", now)
        self.signer, self.sealer = SiteSigner(self.config.signing_key_file), ExportSealer(self.config.export_key_file)
        with self.store.transaction() as tx:
            catalog.register_volume(tx, self.volume_uuid, str(self.config.volumes[0].path), now)
            document = {"camera": MASKED, "lens": None, "masks": [HOME], "author": "j.devries", "approver": "a.bakker",
                        "valid_from": "2020-01-01T00:00:00Z"}  # fmt: skip
            mask_store.add(tx, parse_mask_import(document), now)
            gap = utc_from_us(self.start_us + 2_000_000), utc_from_us(self.start_us + 4_000_000)
            catalog.add_gap(tx, OPEN, "main", *gap, "unreachable", "no answer")
        for number in range(3):
            self.record(MASKED, number, skew_ms=40 + number)
            if number != 1:
                self.record(OPEN, number)

    def record(self, camera: str, number: int, skew_ms: int | None = None) -> Segment:
        start_at = utc_from_us(self.start_us) + number * timedelta(seconds=SEGMENT_S)
        key = self.keys.data_key(camera, start_at.date(), "public_order")
        header = SegmentHeader(
            camera_id=CameraId(camera), profile="main", codec="h264", start_us=us_from_utc(start_at),
            starts_run=False, purpose="public_order", skew_ms=skew_ms, key_id=None, nonce=None,
        )  # fmt: skip
        file = SegmentFile(self.config.volumes[0].path, header, key)
        file.append(bytearray(recorded_mp4(number * SEGMENT_S * FPS)))
        closed = file.finish()
        new = NewSegment(
            camera_id=CameraId(camera), profile="main", volume_uuid=self.volume_uuid, path=closed.path,
            start_at=start_at, end_at=start_at + timedelta(seconds=SEGMENT_S), duration_90k=SEGMENT_S * 90_000,
            bytes=closed.bytes, codec="avc1.42c00d", width=WIDTH, height=HEIGHT, sha256=closed.sha256,
            key_id=key.key_id, sidecar_sha256=None, starts_run=False, skew_ms=skew_ms,
        )  # fmt: skip
        with self.store.transaction() as tx:
            return catalog.add(tx, new)

    def order(self, *cameras: str, **changes: Any) -> BundleOrder:
        known: dict[str, Any] = {
            "id": "export-0001", "cameras": cameras or (MASKED, OPEN), "profile": "main", "from_us": self.start_us,
            "to_us": self.start_us + 3 * SEGMENT_S * 1_000_000, "case_number": "PL2300-2026118822",
            "legal_basis": "art. 126nd Sv", "organisation": "Politie Limburg", "requester": "B. Smits",
            "recipient": "Officier van Justitie", "approver": "a.bakker", "made_by": "e.officer",
            "is_watermarked": False, "is_unmasked": False, "request_id": 7,
        }  # fmt: skip
        return BundleOrder(**{**known, **changes})

    def studio(self, directory: Path, wrote: Callable[[int], None] = lambda _: None, clips: Any = None) -> Studio:
        source = clips or own_clips(self.config, self.store)
        zone = ZoneInfo(self.config.site.timezone)
        return Studio(
            KeptStage(directory), self.config.site.name, zone, self.store, source, self.sealer, wrote, threading.Event()
        )

    def make(self, out: Path, order: BundleOrder | None = None, authority: Any = None) -> MadeBundle:
        wanted = order or self.order()
        cameras = [NAMES[camera] for camera in wanted.cameras]
        studio = self.studio(out.with_suffix(".staged"))
        return make_bundle(out, wanted, cameras, studio, Notary(self.signer, authority, self.clock))
