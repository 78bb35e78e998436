"""The known surroundings of every camera that has them, read once; a newer file replaces them.

They belong to a placement: of a camera that hangs elsewhere now they say nothing, and nothing of it is shown until it
is calibrated there. Where it hangs is asked for every line of pictures anew: cameras move while processes run.
"""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from vms.errors import StorageError
from vms.reference_file import read_reference, reference_path
from vms.rules.placements import Placement, is_moved
from web.live.picture_witness import PictureWitness
from web.live.reference import Reference

log = logging.getLogger(__name__)


class ReferenceBook:
    """Thread-safe. placements: where the cameras of the configuration hang, as of now whenever it is asked."""

    def __init__(
        self, data_dir: Path, site_key_file: Path, placements: Mapping[str, Placement], *, must_be_placed: bool
    ) -> None:
        self._placements = placements
        self._data_dir = data_dir
        self._site_key_file = site_key_file
        self._must_be_placed = must_be_placed
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Reference | None]] = {}
        self._elsewhere: set[str] = set()

    def witness(self, camera_id: str) -> PictureWitness:
        """A new one, for one line of pictures."""
        return PictureWitness(self._reference_here(camera_id), must_be_placed=self._must_be_placed)

    def hangs(self, camera_id: str) -> Placement | None:
        """Where it hangs now; None: not known."""
        return self._placements.get(camera_id)

    def _reference_here(self, camera_id: str) -> Reference | None:
        """One of another place: as if it could not be read."""
        found, placed = self._reference(camera_id), self.hangs(camera_id)
        is_elsewhere = found is not None and placed is not None and is_moved(found.placement, placed)
        self._note(camera_id, is_elsewhere=is_elsewhere)
        return Reference() if is_elsewhere else found

    def _note(self, camera_id: str, *, is_elsewhere: bool) -> None:
        """Logged once, until it is calibrated there or hangs back."""
        with self._lock:
            was_elsewhere = camera_id in self._elsewhere
            if not is_elsewhere:
                self._elsewhere.discard(camera_id)
            elif not was_elsewhere:
                self._elsewhere.add(camera_id)
        if is_elsewhere and not was_elsewhere:
            fix = "calibrate the camera where it hangs now"
            log.error("reference_of_another_placement", extra={"camera": camera_id, "fix": fix})

    def _reference(self, camera_id: str) -> Reference | None:
        """None: it was never calibrated. Unreadable: one without surroundings, in which no picture can be placed."""
        try:
            written_ns = reference_path(self._data_dir, camera_id).stat().st_mtime_ns
        except FileNotFoundError:
            return None
        except OSError as error:
            return _unreadable(camera_id, error)
        with self._lock:
            known = self._known.get(camera_id)
            if known is None or known[0] != written_ns:
                known = self._known[camera_id] = (written_ns, self._read(camera_id))
            return known[1]

    def _read(self, camera_id: str) -> Reference | None:
        try:
            content = read_reference(self._data_dir, self._site_key_file, camera_id)
            return None if content is None else Reference.of_content(content)
        except (StorageError, ValueError) as error:
            return _unreadable(camera_id, error)


def _unreadable(camera_id: str, error: Exception) -> Reference:
    """Nothing vouches for this camera's pictures until it is calibrated again, so nothing of it is shown."""
    fix = "restore the file or the site key, or calibrate the camera again"
    log.error("reference_unreadable", extra={"camera": camera_id, "detail": str(error), "fix": fix})
    return Reference()
