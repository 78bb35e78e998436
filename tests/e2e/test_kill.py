"""Each process is killed while an operator watches: the others go on, it comes back, and nothing is left wrong."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.product import Product, is_alive
from e2e.waiting import wait_for
from e2e.wall import Wall
from vms.clock import SystemClock
from vms.store import Store, catalog
from vms.units import utc_from_us

NAMES = ("capture-0", "live", "web", "retention", "street")


@pytest.fixture(scope="module")
def watched_wall(product: Product, browser: Browser, cameras_up: list[str]) -> Iterator[Wall]:
    """A wall of its own: pages and streams that fail meanwhile are what these tests are about."""
    context = new_context(browser)
    wall = Wall(log_in(context, product, "observer", "/muur?stand=1%2B5"))
    wall.wait_live(cameras_up[:5], timeout_s=90)
    yield wall
    found = [fault for fault in wall.watched.unexcused() if "policy" in fault or "another origin" in fault]
    context.close()
    assert found == []


def recorded_since(product: Product, at_us: int) -> set[str]:
    """Cameras with a complete segment that began after that moment."""
    store = Store(product.config.database_url)
    try:
        with store.reading() as tx:
            until = utc_from_us(SystemClock().now_us())
            return {
                camera
                for camera in product.camera_ids
                if any(
                    s.start_at > utc_from_us(at_us)
                    for s in catalog.segments(tx, camera, "main", utc_from_us(at_us), until)
                )
            }
    finally:
        store.close()


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
    product: Product, watched_wall: Wall, cameras_up: list[str], name: str
) -> None:
    killed_us = SystemClock().now_us()
    before = kill(product, name)
    after = wait_for(lambda: (p := all_running(product)) and p[name] != before[name] and p, f"{name} restarted", 60)
    others = [other for other in NAMES if other != name]
    assert {other: after[other] for other in others} == {other: before[other] for other in others}
    watched_wall.wait_live(cameras_up[:5], timeout_s=120)
    wait_for(
        lambda: recorded_since(product, killed_us) == set(cameras_up), "all cameras are being recorded", 90, pause_s=0.5
    )


def test_a_killed_supervisor_takes_nobody_along_and_its_successor_adopts_them(
    product: Product, watched_wall: Wall, cameras_up: list[str]
) -> None:
    before = wait_for(lambda: all_running(product), "every process runs")
    assert product.process is not None
    killed_us = SystemClock().now_us()
    product.process.kill()
    product.process.wait(10)
    watched_wall.wait_live(cameras_up[:5], timeout_s=60)
    wait_for(
        lambda: recorded_since(product, killed_us) == set(cameras_up), "recording goes on without it", 90, pause_s=0.5
    )
    assert all(map(is_alive, before.values()))
    product.start()
    assert all_running(product) == before
    watched_wall.wait_live(cameras_up[:5], timeout_s=60)
    # It watches over those it adopted.
    os.kill(before["retention"], signal.SIGKILL)
    after = wait_for(
        lambda: (p := all_running(product)) and p["retention"] != before["retention"] and p, "restarted", 60
    )
    assert {n: pid for n, pid in after.items() if n != "retention"} == {
        n: pid for n, pid in before.items() if n != "retention"
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
    secrets: list[Any] = [
        line for line in log.splitlines() if product.password in line and not line.startswith("  password")
    ]
    assert secrets == []
