"""Each process is killed while an operator watches: the others go on, it comes back, and nothing is left wrong."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.product import Product, is_alive
from e2e.waiting import wait_for
from e2e.wall import Wall
from vms.clock import SystemClock
from vms.store import Store, catalog
from vms.store.catalog import Segment
from vms.units import CameraId, us_from_utc, utc_from_us

NAMES = ("capture-0", "capture-1", "street", "live", "web", "retention")


@pytest.fixture(scope="module")
def watched_wall(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    """A wall of its own: pages and streams that fail meanwhile are what these tests are about."""
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", "/muur?stand=1%2B5&vak=4-7"))
    wall.wait_live(on_wall(cameras_up), timeout_s=90)
    yield wall
    found = [fault for fault in wall.watched.unexcused() if "policy" in fault or "another origin" in fault]
    context.close()
    assert found == []


IN_SIGHT = ("street", "live")
"""Without these some pictures do not come until a tile says so. A recorder's spare is quicker than that."""


def on_wall(cameras: list[str]) -> list[str]:
    """Four of the first capture group and, by the wall's address, camera 7 of the second."""
    return [*cameras[:4], cameras[6]]


def is_recorded_by(product: Product, camera: str, process: str) -> bool:
    groups = product.config.capture_groups()
    return any(camera == c.id and process == f"capture-{n}" for n, group in enumerate(groups) for c in group)


@dataclass
class Disturbance:
    """One killing, from the kill until the wall was live again (server clock)."""

    name: str
    from_us: int
    to_us: int


@pytest.fixture(scope="module")
def disturbances() -> list[Disturbance]:
    return []


def kill(product: Product, name: str) -> dict[str, int]:
    """The pids before."""
    before = wait_for(lambda: all_running(product), "every process runs")
    os.kill(before[name], signal.SIGKILL)
    return before


def all_running(product: Product) -> dict[str, int]:
    pids = product.pids()
    return pids if set(pids) == set(NAMES) and all(map(is_alive, pids.values())) else {}


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_comes_back_and_the_others_never_notice(
    product: Product, watched_wall: Wall, cameras_up: list[str], disturbances: list[Disturbance], name: str
) -> None:
    killed_us = SystemClock().now_us()
    before = kill(product, name)
    if name in IN_SIGHT:
        wait_for(lambda: "stalled" in watched_wall.data("state").values(), "the tiles say so", pause_s=0.05)
    stopped: set[str] = set()

    def came_back() -> dict[str, int]:
        stopped.update(camera for camera, state in watched_wall.data("state").items() if state not in ("live", "late"))
        pids = all_running(product)
        return pids if pids and pids[name] != before[name] else {}

    after = wait_for(came_back, f"{name} restarted", 60)
    if name.startswith("capture"):
        assert [c for c in stopped if not is_recorded_by(product, c, name)] == [], "another group's pictures stopped"
    assert_same_but(after, before, name)
    watched_wall.wait_live(on_wall(cameras_up), timeout_s=120)
    disturbances.append(Disturbance(name, killed_us, SystemClock().now_us()))


def test_a_killed_supervisor_takes_nobody_along_and_its_successor_adopts_them(
    product: Product, watched_wall: Wall, cameras_up: list[str], disturbances: list[Disturbance]
) -> None:
    before = wait_for(lambda: all_running(product), "every process runs")
    assert product.process is not None
    killed_us = SystemClock().now_us()
    product.process.kill()
    product.process.wait(10)
    frames = watched_wall.frames_decoded()
    wait_for(lambda: sum(watched_wall.frames_decoded()) > sum(frames) + 50, "the wall goes on without it")
    product.start()
    assert all_running(product) == before
    watched_wall.wait_live(on_wall(cameras_up), timeout_s=60)
    disturbances.append(Disturbance("supervisor", killed_us, SystemClock().now_us()))
    # It watches over those it adopted.
    os.kill(before["retention"], signal.SIGKILL)
    after = wait_for(
        lambda: (p := all_running(product)) and p["retention"] != before["retention"] and p, "restarted", 60
    )
    assert_same_but(after, before, "retention")


def test_recording_paused_only_while_camera_or_recorder_were_dead(
    product: Product, cameras_up: list[str], disturbances: list[Disturbance]
) -> None:
    """The wall, the pages, the purge and the supervisor may die: not a second of footage is lost for it."""
    assert disturbances
    began_us, until_us = disturbances[0].from_us, SystemClock().now_us()
    wait_for(
        lambda: all(any(s.start_at > utc_from_us(until_us) for s in footage(product, c, until_us)) for c in cameras_up),
        "each camera has footage that began after all of it",
        90,
        pause_s=0.5,
    )
    for camera in cameras_up:
        segments = footage(product, camera, began_us)
        holes = [
            (us_from_utc(a.end_at), us_from_utc(b.start_at))
            for a, b in pairwise(segments)
            if b.start_at - a.end_at > timedelta(seconds=1)
        ]
        own = [e for e in disturbances if e.name == "street" or is_recorded_by(product, camera, e.name)]
        lost = [hole for hole in holes if not any(overlap(hole, event) for event in own)]
        for event in disturbances:
            found = [hole for hole in lost if overlap(hole, event)]
            assert found == [], f"{camera} was not recorded while {event.name} was dead"


def overlap(hole: tuple[int, int], event: Disturbance) -> bool:
    """A hole that its own event made may last a little longer than the watched tiles needed to come back."""
    return hole[0] < event.to_us and hole[1] > event.from_us


def footage(product: Product, camera: str, from_us: int) -> list[Segment]:
    """Complete segments from then until now."""
    store = Store(product.config.database_url)
    try:
        with store.reading() as tx:
            now_us = SystemClock().now_us()
            return list(catalog.segments(tx, CameraId(camera), "main", utc_from_us(from_us), utc_from_us(now_us)))
    finally:
        store.close()


def assert_same_but(after: dict[str, int], before: dict[str, int], killed: str) -> None:
    assert {name: pid for name, pid in after.items() if name != killed} == {
        name: pid for name, pid in before.items() if name != killed
    }


def test_after_all_of_it_disk_catalog_and_ledger_agree(product: Product) -> None:
    check = product.vms("check", "--json")
    assert check.returncode == 0, check.stdout + check.stderr
    proof = product.vms("retention", "verify")
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_the_log_holds_no_credential(product: Product) -> None:
    log = product.log()
    camera_password = (product.directory / "camera.password").read_text().strip()
    assert camera_password not in log
    printed = "  password for each: "
    assert [x for x in log.splitlines() if product.password in x and not x.startswith(printed)] == []
