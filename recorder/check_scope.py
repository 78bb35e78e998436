"""What every part of `vms check` works with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from recorder.disk import MountedVolume
from recorder.recovery import Recovery
from vms.config import SiteConfig
from vms.keys import KeyRing
from vms.store import Store, catalog
from vms.store.catalog import Segment
from vms.units import us_from_utc

_PAGE = 2000
_BEING_WRITTEN_US = 120 * 1_000_000
"""While a recorder runs, younger files may still be on their way into the catalog."""


@dataclass(frozen=True, slots=True)
class CheckScope:
    """mounted: by uuid. recording_now: cameras whose capture process runs. keys: None, with key_problem why."""

    config: SiteConfig
    store: Store
    now: datetime
    mounted: Mapping[str, MountedVolume]
    recording_now: frozenset[str]
    keys: KeyRing | None
    key_problem: str
    recovery: Recovery
    repair: bool
    deep: bool

    def rows(self) -> Iterator[Segment]:
        """All, by id."""
        last = 0
        while True:
            with self.store.reading() as tx:
                page = catalog.page(tx, last, _PAGE)
            if not page:
                return
            yield from page
            last = page[-1].id

    def is_being_written(self, camera_id: str, path: Path) -> bool:
        if camera_id not in self.recording_now:
            return False
        try:
            return us_from_utc(self.now) - path.stat().st_mtime_ns // 1000 < _BEING_WRITTEN_US
        except OSError:
            return True
