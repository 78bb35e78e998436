"""What people are told about volumes, also when a mount hangs."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import T0_US, FakeClock
from vms.clock import now_utc
from vms.config import Volume
from vms.rules.disk_forecast import Forecast
from vms.rules.disk_space import Space
from vms.status import VolumeFault, VolumeStatus
from vms.volume import create_marker
from web.disk_board import DiskBoard


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread: the one of the tests has Chromium's loop running, once a page was tested."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class Recorders:
    """What the capture processes say."""

    def __init__(self) -> None:
        self.said: list[VolumeStatus] = []

    def volumes(self) -> list[VolumeStatus]:
        return self.said


class Forecasts:
    def of(self, _uuid: str, room: int) -> Forecast:
        return Forecast(1000.4, room / 1e12, 30.04)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_marker(tmp_path / "media", now_utc(FakeClock()))
    return tmp_path / "media"


def board_of(root: Path, recorders: Recorders | None = None) -> DiskBoard:
    return DiskBoard([Volume(path=root)], recorders or Recorders(), Forecasts(), FakeClock())  # type: ignore[arg-type]


def seen(board: DiskBoard) -> dict[str, Any]:
    run_apart(board.refresh())
    [disk] = board.disks()
    return disk


def test_a_volume_shows_how_full_it_is_its_mark_and_its_forecast(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.disk_board.measure", lambda _root: Space(10 * 10**12, 3 * 10**12))
    disk = seen(board_of(root))
    assert (disk["used_pct"], disk["high_water_pct"], disk["is_above_high_water"]) == (70.0, 92.0, False)
    assert (disk["write_bytes_per_s"], disk["days_to_full"], disk["fits_days"]) == (1000, 2.2, 30.0)
    monkeypatch.setattr("web.disk_board.measure", lambda _root: Space(10 * 10**12, 10**11))
    assert seen(board_of(root))["is_above_high_water"] is True


def test_what_the_recorders_say_is_shown_and_the_worst_of_it_first(root: Path) -> None:
    recorders = Recorders()
    faults: tuple[VolumeFault, ...] = ("", "slow", "failing")
    recorders.said = [VolumeStatus(f"capture-{n}", str(root), T0_US, f, f"said {f}") for n, f in enumerate(faults)]
    disk = seen(board_of(root, recorders))
    assert (disk["fault"], disk["fault_detail"]) == ("volume_failing", "said failing")
    assert disk["used_pct"] is not None


def test_a_mount_that_hangs_is_told_and_costs_one_thread_until_it_answers(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, asked = threading.Event(), []

    def hangs(_root: Path) -> Space:
        asked.append(1)
        answers.wait(20)
        return Space(1000, 500)

    monkeypatch.setattr("web.disk_board.measure", hangs)
    monkeypatch.setattr("web.disk_board._ANSWER_S", 0.05)

    async def looks() -> list[str]:
        board = board_of(root)
        faults = []
        for _ in range(3):
            await board.refresh()
            faults.append(board.disks()[0]["fault"])
        answers.set()
        while board.disks()[0]["fault"]:
            await board.refresh()
        return faults

    assert run_apart(looks()) == ["volume_silent"] * 3
    assert len(asked) == 1
