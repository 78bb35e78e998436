"""Alarms about volumes: lost, full, failing, erasing early, and soon too small. Pure but for what it remembers."""

from collections.abc import Mapping, Sequence
from typing import Any

from web.alarms import Alarm
from web.state_words import DISK, both

FORECAST_ALARM_DAYS = 7.0
"""Full within a week, and before the retention period is reached: there is still time to add a disk."""
_STOPPED = frozenset({"volume_held", "volume_crowded"})
"""Nothing is erased early there: recording stands still instead."""
Disk = Mapping[str, Any]


class DiskAlarmWatch:
    """Compares each look with the one before. Not thread-safe. What is wrong at the first look is told too."""

    def __init__(self, retention_days: int) -> None:
        self._retention_days = retention_days
        self._faults: dict[str, str] = {}
        self._pressed: set[str] = set()
        self._filling: set[str] = set()

    def look(self, disks: Sequence[Disk]) -> list[Alarm]:
        return [alarm for disk in disks for alarm in (*self._of_fault(disk), *self._of_space(disk))]

    def _of_fault(self, disk: Disk) -> list[Alarm]:
        path, name, fault = disk["path"], disk["volume"], disk["fault"]
        was, self._faults[path] = self._faults.get(path, ""), fault
        if fault == was:
            return []
        if not fault:
            return [Alarm("", "volume_back", f"Schijf {name} is weer in orde", f"Volume {name} is fine again")]
        nl, en = both(DISK, fault)
        return [Alarm("", "volume_fault", f"Schijf {name}: {nl}", f"Volume {name}: {en}", disk["fault_detail"])]

    def _of_space(self, disk: Disk) -> list[Alarm]:
        path, name, days = disk["path"], disk["volume"], disk["days_to_full"]
        found = []
        if _is_new(self._pressed, path, disk["is_above_high_water"] and disk["fault"] not in _STOPPED):
            nl = f"Schijf {name} is te vol: het oudste beeld wordt eerder gewist"
            en = f"Volume {name} is too full: the oldest footage is erased early"
            found.append(Alarm("", "disk_pressure", nl, en))
        if _is_new(self._filling, path, days is not None and 0 < days <= FORECAST_ALARM_DAYS):
            nl = f"Schijf {name} is binnen een week vol, vóór de bewaartermijn van {self._retention_days} dagen"
            en = f"Volume {name} is full within a week, before the retention period of {self._retention_days} days"
            found.append(Alarm("", "disk_forecast", nl, en))
        return found


def _is_new(known: set[str], path: str, holds_now: bool) -> bool:
    is_new = holds_now and path not in known
    (known.add if holds_now else known.discard)(path)
    return is_new
