"""The technician sees what every camera, disk and process does, and no wall."""

import re
from pathlib import Path

from playwright.sync_api import Browser

from e2e.browser import log_in, new_context
from e2e.outage import Outage
from e2e.product import Product
from e2e.waiting import wait_for


def test_every_camera_disk_and_process_is_listed_with_its_health(
    product: Product, browser: Browser, cameras_up: list[str]
) -> None:
    context = new_context(browser, 1920, 1080)
    watched = log_in(context, product, "technician", "/techniek")
    page = watched.page
    rows = page.locator("tr[data-camera]")
    wait_for(lambda: rows.count() == len(cameras_up), "a row for each camera")
    assert sorted(rows.evaluate_all("rows => rows.map((row) => row.dataset.camera)")) == sorted(cameras_up)
    bad = page.locator("tr[data-camera]:not([data-level=ok])")
    seen: list[list[str]] = []
    wait_for(lambda: not (seen.append(bad.all_inner_texts()) or seen[-1]), f"all are well: {seen}", timeout_s=60)
    for row in rows.all_inner_texts():
        assert "H264 1280×720" in row
        assert "H264 640×360" in row
        assert "wordt opgenomen" in row
    disks = page.locator("section", has_text="Schijven").locator("tbody tr")
    assert disks.count() == 1
    assert str(product.config.volumes[0].path) in disks.inner_text()
    processes = page.locator("section", has_text="Processen").locator("tbody")
    for name in ("capture-0", "capture-1", "live", "web", "retention", "street"):
        assert name in processes.inner_text()
    wait_for(
        lambda: page.locator("img.thumb").evaluate_all("all => all.some((image) => image.naturalWidth >= 320)"),
        "masked pictures beside them",
    )
    product.fault(cameras_up[5], clock_offset_s=30.0)
    try:
        row = page.locator(f"tr[data-camera={cameras_up[5]}]")
        wait_for(lambda: row.get_attribute("data-level") == "warn", "a clock that is wrong is a warning", timeout_s=45)
        wait_for(lambda: "NTP" in row.inner_text(), "with what to do about it")
    finally:
        product.clear_faults()
    assert watched.unexcused() == []
    context.close()


ROOT = Path(__file__).resolve().parents[2]
ONLY_LATER = {"uitkijk_disk_days_to_full"}
"""What a product that has just started cannot tell yet."""


def test_rules_and_dashboard_find_all_their_numbers_in_the_running_product(
    product: Product, cameras_up: list[str], outage: Outage
) -> None:
    """After an outage: a product that nothing ever happened to has no gaps to count."""
    assert outage.ended_us
    files = (ROOT / "configs" / "prometheus" / "alerts.yml", ROOT / "configs" / "grafana" / "uitkijk.json")
    used = {name for file in files for name in re.findall(r"uitkijk_[a-z_]+", file.read_text(encoding="utf-8"))}
    with product.client("technician") as client:

        def missing() -> set[str]:
            told = set(re.findall(r"^(uitkijk_[a-z_]+)[{ ]", client.get("/metrics").text, re.MULTILINE))
            return used - told - ONLY_LATER

        wait_for(lambda: not missing(), f"a value for every name: {missing()}", timeout_s=40)
        text = client.get("/metrics").text
        for camera in cameras_up:
            frames = re.search(rf'uitkijk_stream_frames_total{{camera="{camera}",profile="main"}} (\S+)', text)
            assert frames is not None
            assert float(frames[1]) > 0


def test_no_second_of_a_healthy_recording_is_unexplained(product: Product, cameras_up: list[str]) -> None:
    with product.client("technician") as client:
        now_us = client.get("/api/status").json()["server_us"]
        for profile in ("main", "sub"):
            query = {"from_us": now_us - 3600 * 10**6, "to_us": now_us, "profile": profile}
            told = client.get("/api/coverage/days", params=query).json()["cameras"]
            assert set(told) == set(cameras_up)
            unexplained = {
                camera: [one for one in day["stretches"] if one["kind"] == "unknown"] for camera, day in told.items()
            }
            assert not any(unexplained.values()), unexplained
            assert all(day["totals"]["kept_us"] > 0 for day in told.values())


def test_the_technician_cannot_watch(product: Product, browser: Browser, cameras_up: list[str]) -> None:
    context = new_context(browser)
    watched = log_in(context, product, "technician", "/techniek")
    answer = watched.page.goto(f"{product.base}/muur")
    assert answer is not None
    assert answer.status == 403
    assert "Geen toegang" in watched.page.inner_text("h1")
    assert watched.page.locator("video").count() == 0
    context.close()
    with product.client("technician") as client:
        offer = client.post(f"/whep/{cameras_up[0]}", content="v=0\r\n", headers={"Content-Type": "application/sdp"})
        assert offer.status_code == 403
        assert client.post(f"/api/cameras/{cameras_up[0]}/ptz/move", json={"pan": 1}).status_code == 403
        assert client.post("/api/consultations", json={"purpose": "opsporing", "reference": "X-1"}).status_code == 403
