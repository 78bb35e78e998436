"""Every volume as people are told about it: what the web process sees, what the recorders say, when it will be full."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock, now_utc
from vms.config import Volume
from vms.errors import StorageError, StoreBusy
from vms.rules.disk_space import Space, room_to_mark, shortage
from vms.status import VolumeFault, VolumeStatus
from vms.volume import VolumeNotMounted, read_marker
from vms.volume_space import measure
from web.capture_client import CaptureClient
from web.volume_forecast import VolumeForecasts

_ANSWER_S = 3.0
"""A mount that takes longer to say how full it is does not answer."""
FORECAST_EVERY_S = 900.0
_WORST_FIRST: Final[Sequence[VolumeFault]] = ("missing", "failing", "silent", "full", "held", "crowded", "slow")
Disk = dict[str, Any]


class DiskBoard:
    """The event loop's own; `disks` may be read from any thread."""

    def __init__(
        self, volumes: Sequence[Volume], capture: CaptureClient, forecasts: VolumeForecasts, clock: Clock
    ) -> None:
        self._volumes = {volume.path: volume for volume in volumes}
        self._capture = capture
        self._forecasts = forecasts
        self._clock = clock
        self._seen: dict[Path, Disk] = {path: _disk(path, volume) for path, volume in self._volumes.items()}
        self._looks: dict[Path, asyncio.Task[Disk]] = {}
        self._forecast_due_s = clock.monotonic_s()

    def disks(self) -> list[Disk]:
        """The last look at each; never waits for a mount."""
        said = _worst_of(self._capture.volumes())
        return [_with_recorders_view(disk, said.get(disk["path"])) for disk in self._seen.values()]

    async def refresh(self) -> None:
        """Look at all at once. One that hangs costs three seconds, once, and one thread until it answers."""
        await asyncio.gather(*(self._refresh(path, volume) for path, volume in self._volumes.items()))

    async def refresh_forecast(self) -> None:
        """Count anew what is written, now and then."""
        if self._clock.monotonic_s() < self._forecast_due_s:
            return
        self._forecast_due_s = self._clock.monotonic_s() + FORECAST_EVERY_S
        try:
            await run_in_threadpool(self._forecasts.refresh, now_utc(self._clock))
        except StoreBusy:
            self._forecast_due_s = self._clock.monotonic_s()

    async def _refresh(self, path: Path, volume: Volume) -> None:
        look = self._looks.get(path)
        if look is None:
            look = self._looks[path] = asyncio.create_task(run_in_threadpool(self._look, path, volume))
        is_known_silent = self._seen[path]["fault"] == "volume_silent"
        await asyncio.wait({look}, timeout=0.05 if is_known_silent else _ANSWER_S)
        if look.done():
            self._seen[path] = look.result()
            self._looks.pop(path, None)
        else:
            self._seen[path] = {**self._seen[path], "fault": "volume_silent", "fault_detail": f"{path}: no answer"}

    def _look(self, path: Path, volume: Volume) -> Disk:
        """A path without its marker is an empty mount point: how full that is says nothing."""
        try:
            uuid, space = read_marker(path), measure(path)
        except VolumeNotMounted as error:
            return _disk(path, volume, fault="volume_missing", fault_detail=str(error))
        except (StorageError, OSError) as error:
            return _disk(path, volume, fault="volume_damaged", fault_detail=str(error))
        disk = _disk(path, volume, space)
        forecast = self._forecasts.of(uuid, room_to_mark(space, volume.high_water_pct))
        if forecast is not None:
            disk |= {
                "write_bytes_per_s": round(forecast.bytes_per_s),
                "days_to_full": _rounded(forecast.days_to_full),
                "fits_days": _rounded(forecast.fits_days),
            }
        return disk


def _disk(path: Path, volume: Volume, space: Space | None = None, fault: str = "", fault_detail: str = "") -> Disk:
    """is_above_high_water: the oldest footage there goes early. days_to_full, fits_days: see vms.rules.disk_forecast.

    write_bytes_per_s None: not counted yet, and then days_to_full says nothing.
    """
    return {
        "volume": path.name,
        "path": str(path),
        "total_bytes": space.total_bytes if space else 0,
        "free_bytes": space.free_bytes if space else 0,
        "used_pct": round(space.used_pct, 1) if space else None,
        "high_water_pct": volume.high_water_pct,
        "is_above_high_water": bool(space and shortage(space, volume.high_water_pct)),
        "write_bytes_per_s": None,
        "days_to_full": None,
        "fits_days": None,
        "fault": fault,
        "fault_detail": fault_detail,
    }


def _with_recorders_view(disk: Disk, said: VolumeStatus | None) -> Disk:
    if disk["fault"] or said is None or not said.fault:
        return disk
    return {**disk, "fault": f"volume_{said.fault}", "fault_detail": said.detail}


def _worst_of(statuses: Sequence[VolumeStatus]) -> Mapping[str, VolumeStatus]:
    """By path: several processes write to the same volume."""
    worst: dict[str, VolumeStatus] = {}
    for fault in reversed(_WORST_FIRST):
        worst |= {status.path: status for status in statuses if status.fault == fault}
    return worst


def _rounded(days: float | None) -> float | None:
    return None if days is None else round(days, 1)
