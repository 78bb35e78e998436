"""All footage of a site, opened at first use: the recorders' volumes and the evidence store, with their keys.

At first use, because capture may make the site key after this process started, and what needs no footage must not fail
without it.
"""

import threading

from recorder.clip import SegmentReader
from vms.config import SiteConfig
from vms.keys import KeyRing, create_site_key


class Shelf:
    """Thread-safe."""

    def __init__(self, config: SiteConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._keys: KeyRing | None = None
        self._reader: SegmentReader | None = None

    @property
    def keys(self) -> KeyRing:
        """Blocking. Raises KeyUnavailable.

        A site that records in plain needs the site key for its evidence alone; it is made here.
        """
        with self._lock:
            if self._keys is None:
                config = self._config
                if not config.recorder.encrypt:
                    create_site_key(config.site_key_file)
                self._keys = KeyRing(config.site.data_dir / "keys", config.site_key_file)
            return self._keys

    @property
    def reader(self) -> SegmentReader:
        """Blocking. Raises KeyUnavailable."""
        keys = self.keys
        with self._lock:
            if self._reader is None:
                roots = [volume.path for volume in self._config.volumes]
                self._reader = SegmentReader([*roots, self._config.evidence_dir], keys)
            return self._reader
