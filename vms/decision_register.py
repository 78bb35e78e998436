"""From the registers of decisions and placements in the database to the files that recorders read."""

import logging
from zoneinfo import ZoneInfo

from vms.config import SiteConfig
from vms.decision_file import Signature, decisions_path, read_register, signature, write_register
from vms.errors import StorageError
from vms.placement_file import placements_path, read_placements, write_placements
from vms.store import Store, decisions, placements

log = logging.getLogger(__name__)


class DecisionPublisher:
    """Blocking (database, disk)."""

    def __init__(self, config: SiteConfig, store: Store) -> None:
        self._path = decisions_path(config.site.data_dir)
        self._placements_path = placements_path(config.site.data_dir)
        self._zone = ZoneInfo(config.site.timezone)
        self._store = store
        self._written: tuple[Signature | None, int | None] = (None, None)

    def publish(self) -> bool:
        """Write each file that does not say what its register says. Raises StoreBusy, StorageError."""
        has_moved = self.publish_placements()
        return self._publish_decisions() or has_moved

    def _publish_decisions(self) -> bool:
        with self._store.reading() as tx:
            version = decisions.newest_id(tx)
            if version == self._written_version():
                return False
            documents = [(each.decision_id, each.document) for each in decisions.current(tx)]
        write_register(self._path, version, documents)
        self._written = (signature(self._path), version)
        log.info("decisions_published", extra={"version": version, "decisions": len(documents)})
        return True

    def publish_placements(self) -> bool:
        """Only where moved cameras hang, also when there are none. Raises StoreBusy, StorageError."""
        with self._store.reading() as tx:
            version = placements.newest_id(tx)
            if version == self._placements_version():
                return False
            hanging = placements.current(tx)
        write_placements(self._placements_path, version, hanging)
        log.info("placements_published", extra={"version": version, "cameras": len(hanging)})
        return True

    def _placements_version(self) -> int:
        try:
            return read_placements(self._placements_path)[0]
        except StorageError:
            return -1

    def _written_version(self) -> int | None:
        """Read again only when somebody else wrote it."""
        seen = signature(self._path)
        if seen is None or seen != self._written[0]:
            try:
                version = read_register(self._path, self._zone).version
            except StorageError:
                version = None
            self._written = (seen, version)
        return self._written[1]
