"""A camera that fails says so on its tile, troubles nobody else, and comes back by itself."""

from e2e.outage import Outage
from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall


def test_a_stopped_camera_is_stalled_then_offline_then_live_by_itself(outage: Outage) -> None:
    order = [outage.states.index(state) for state in ("live", "stalled", "camera-offline")]
    assert order == sorted(order)
    assert outage.states[-1] == "live"
    assert "live" not in outage.states[order[1] : -1], f"a frozen picture looked live: {outage.states}"


def test_a_frozen_picture_does_not_look_live(outage: Outage) -> None:
    assert outage.looks_frozen
    assert "Storing sinds" in outage.plate


def test_the_other_cameras_stay_live_meanwhile(outage: Outage) -> None:
    assert outage.others == set()


def test_recording_notes_the_outage_and_goes_on(product: Product, outage: Outage) -> None:
    with product.client("technician") as client:

        def recording() -> str:
            return str(client.get("/api/status").json()["cameras"][outage.camera]["rec"])

        wait_for(lambda: recording() == "on", "it is recorded again")


def test_a_wrong_password_is_told_apart_from_a_dead_camera(product: Product, wall: Wall, cameras_up: list[str]) -> None:
    camera = cameras_up[4]
    with product.client("technician") as client:

        def source() -> str:
            return str(client.get("/api/status").json()["cameras"][camera]["source"])

        product.fault(camera, unauthorized=True, offline=True)
        wait_for(lambda: source() != "up", "it is down")
        product.fault(camera, offline=False)
        try:
            wait_for(lambda: source() == "unauthorized", "its refusal is named")
        finally:
            product.clear_faults()
        wait_for(lambda: source() == "up", "it comes back by itself", timeout_s=90)
    wait_for(lambda: wall.state(camera) == "live", "and so does its tile", timeout_s=60)
    wall.watched.excused.append(r"status of (409|503)")
