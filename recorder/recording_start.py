"""What a capture process finds when it starts: its volumes; without the database too."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from recorder.disk import MountedVolume, VolumeFinder
from recorder.journal import Journal
from recorder.recovery import Recovery
from vms.errors import StorageError
from vms.volume import read_marker

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Found:
    """mounted: the right volumes. absent: paths without, and why. unread: volumes that could not be read through."""

    mounted: list[MountedVolume] = field(default_factory=list)
    absent: dict[Path, str] = field(default_factory=dict)
    unread: dict[Path, str] = field(default_factory=dict)


def start_from_catalog(finder: VolumeFinder, journal: Journal) -> Found:
    """Rows that waited for the database, and volumes. Raises StoreBusy: the database is away.

    What a crash left on the volumes is for recorder.late_recovery.
    """
    journal.catch_up()
    found = Found()
    for root in finder.marks:
        try:
            found.mounted.append(finder.find(root))
        except (StorageError, OSError) as error:
            found.absent[root] = str(error)
    return found


def start_from_disk(
    marks: Mapping[Path, float], recovery: Recovery, cameras: set[str], journal: Journal, now: datetime
) -> Found:
    """Only volumes that carry their marker; none is prepared. Rows wait in the journal.

    marks: high-water mark in % of each configured path. Files without a row are looked for when the database is back.
    """
    found = Found()
    for root, high_water_pct in marks.items():
        try:
            volume = MountedVolume(read_marker(root), root, high_water_pct)
        except (StorageError, OSError) as error:
            found.absent[root] = str(error)
            continue
        found.mounted.append(volume)
        journal.register_volume(volume.uuid, volume.root, now)
        try:
            for row in recovery.finish_parts(volume, cameras):
                journal.add_segment(row)
        except (StorageError, OSError) as error:
            found.unread[root] = f"{root}: {error}"
    return found
