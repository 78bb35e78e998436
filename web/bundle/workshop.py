"""Where a site's exports are made, for the web's jobs and for the command: its keys, footage and room. Blocking."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from retention.timestamping import HttpTimestampAuthority, read_roots
from vms.clock import Clock, now_utc
from vms.config import SiteConfig
from vms.errors import UitkijkError
from vms.export_certificate import ExportSealer, create_export_key
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store
from vms.units import US_PER_SECOND, us_from_utc, utc_from_us
from web.bundle.clips import ClipSource
from web.bundle.make import MadeBundle, Notary, make_bundle
from web.bundle.order import BundleOrder
from web.bundle.staged import Camera, Studio
from web.bundle.stages import Stage
from web.footage import Footage
from web.time_range import TimeRange

MAX_CAMERAS: Final = 25
MAX_SPAN: Final = timedelta(hours=6)
KEPT: Final = timedelta(hours=24)
"""How long a finished export waits on the server, if its footage may live that long."""
_ROOM_FACTOR: Final = 2
"""Videos and then the zip; each is deleted after it was copied, but encoding anew may take more than the camera did."""
_ROOM_BYTES: Final = 64 * 1024 * 1024


class NoRoom(UitkijkError):
    """The export would not fit on the disk."""

    problem_code = "no_room"

    def __init__(self, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(f"the export needs {needed_bytes} bytes and {free_bytes} are free")
        self.needed_bytes, self.free_bytes = needed_bytes, free_bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """expected_bytes: of the stored footage. limit_us: when the first of it must be gone."""

    expected_bytes: int
    limit_us: int


class Workshop:
    """Thread-safe."""

    def __init__(self, config: SiteConfig, store: Store, clock: Clock, clips: Callable[[], ClipSource]) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._clips = clips
        self._footage = Footage(store, clock, config.terms)

    def prepare(self, order: BundleOrder, directory: Path) -> Prepared:
        """Raises FootageExpired, FootageMissing, NoRoom, StoreBusy, OSError: before anything was made."""
        span = TimeRange(utc_from_us(order.from_us), utc_from_us(order.to_us))
        found = [
            segment for camera in order.cameras for segment in self._footage.for_export(camera, order.profile, span)
        ]
        expected_bytes = sum(segment.bytes for segment in found)
        check_room(directory, expected_bytes)
        now = now_utc(self._clock)
        limits = [limit for limit in self._footage.expiries(found) if limit > now]
        latest_us = us_from_utc(now) + round(KEPT.total_seconds()) * US_PER_SECOND
        return Prepared(expected_bytes, min([latest_us, *(us_from_utc(limit) for limit in limits)]))

    def make(
        self, out: Path, order: BundleOrder, stage: Stage, wrote: Callable[[int], None], stop: threading.Event
    ) -> MadeBundle:
        """Raises what make_bundle raises, and KeyUnavailable, ConfigError."""
        config, span = self._config, TimeRange(utc_from_us(order.from_us), utc_from_us(order.to_us))
        for camera in order.cameras:
            self._footage.for_export(camera, order.profile, span)  # it may have expired while the job waited
        cameras = [Camera(one.id, one.number, one.name) for one in map(config.camera, order.cameras) if one]
        create_signing_key(config.signing_key_file)
        create_export_key(config.export_key_file, config.site.name, now_utc(self._clock))
        studio = Studio(
            stage,
            config.site.name,
            ZoneInfo(config.site.timezone),
            self._store,
            self._clips(),
            ExportSealer(config.export_key_file),
            wrote,
            stop,
        )
        notary = Notary(SiteSigner(config.signing_key_file), self._authority(), self._clock)
        return make_bundle(out, order, cameras, studio, notary)

    def _authority(self) -> HttpTimestampAuthority | None:
        retention = self._config.retention
        if retention.timestamp_url is None or retention.timestamp_ca_file is None:
            return None
        return HttpTimestampAuthority(retention.timestamp_url, read_roots(retention.timestamp_ca_file))


def check_room(directory: Path, expected_bytes: int) -> None:
    """Raises NoRoom, OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    needed, free = expected_bytes * _ROOM_FACTOR + _ROOM_BYTES, shutil.disk_usage(directory).free
    if needed > free:
        raise NoRoom(needed, free)
