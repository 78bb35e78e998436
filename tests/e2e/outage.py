"""One camera goes dark for a while, with an operator looking on: what the wall said meanwhile."""

from dataclasses import dataclass, field

from e2e.product import Product
from e2e.waiting import wait_for
from e2e.wall import Wall
from vms.clock import SystemClock


@dataclass
class Outage:
    """started_us, ended_us: when the camera went dark and when it was well again (server clock).
    states: of its tile, as they followed each other. others: states the other tiles had, apart from live and late.
    """

    camera: str
    started_us: int = 0
    ended_us: int = 0
    states: list[str] = field(default_factory=list)
    others: set[tuple[str, str]] = field(default_factory=set)
    plate: str = ""
    looks_frozen: bool = False


def suffer(product: Product, wall: Wall, camera: str) -> Outage:
    outage = Outage(camera)

    def look() -> str:
        states = wall.data("state")
        for other, state in states.items():
            if other != camera and state not in ("live", "late"):
                outage.others.add((other, state))
        if not outage.states or outage.states[-1] != states[camera]:
            outage.states.append(states[camera])
        return states[camera]

    tile = wall.page.locator(f"vms-tile:not(.hero)[data-camera={camera}]")
    wait_for(lambda: look() == "live", f"{camera} live to begin with")
    outage.started_us = SystemClock().now_us()
    product.fault(camera, offline=True)
    try:
        wait_for(lambda: look() == "stalled", "the tile says that its picture is frozen", pause_s=0.05)
        outage.looks_frozen = tile.get_attribute("data-frozen") is not None
        wait_for(lambda: look() == "camera-offline", f"the tile says so; it said {outage.states}", 60, 0.05)
        outage.plate = tile.inner_text()
    finally:
        product.clear_faults()
        outage.ended_us = SystemClock().now_us()
    wait_for(lambda: look() == "live", "the tile comes back by itself", timeout_s=60)
    return outage
