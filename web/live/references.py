"""The known surroundings of every camera that has them, read once; a newer file replaces them."""

import logging
import threading
from pathlib import Path

from vms.errors import StorageError
from vms.reference_file import read_reference, reference_path
from web.live.picture_witness import PictureWitness
from web.live.reference import Reference

log = logging.getLogger(__name__)


class ReferenceBook:
    """Thread-safe."""

    def __init__(self, data_dir: Path, site_key_file: Path, *, must_be_placed: bool) -> None:
        self._data_dir = data_dir
        self._site_key_file = site_key_file
        self._must_be_placed = must_be_placed
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Reference | None]] = {}

    def witness(self, camera_id: str) -> PictureWitness:
        """A new one, for one line of pictures."""
        return PictureWitness(self._reference(camera_id), must_be_placed=self._must_be_placed)

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
