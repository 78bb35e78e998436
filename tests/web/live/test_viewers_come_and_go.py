"""Viewers open, see a picture and leave: of none of them is anything left.

UITKIJK_CYCLES=10000 for the long run.
"""

import gc
import os
from collections import Counter
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection
from live_site import running_site, site_config

from vms.clock import SystemClock
from web.live.churn import churn
from web.live.rtp_wire import RtpWire
from web.live.sender import LeanSender
from web.live.whep import WhepSession

CYCLES = int(os.environ.get("UITKIJK_CYCLES", "80"))
WARM_UP = 10
OF_A_VIEWER = (RTCPeerConnection, WhepSession, LeanSender, RtpWire)
MAX_OBJECTS_PER_CYCLE = 30
"""A viewer is made of many hundreds; timers of the last ones may still run."""


def left_in_memory() -> tuple[int, int]:
    """Objects, and open files."""
    gc.collect()
    return len(gc.get_objects()), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.timeout(180 + CYCLES)
def test_viewers_leave_nothing_behind(tmp_path: Path) -> None:
    config = site_config(tmp_path, [{"id": "vrij", "masks": "none"}])
    with running_site(config) as site:
        site.add("vrij")
        left = churn(config.live_socket, ("vrij", "tile"), SystemClock(), CYCLES, WARM_UP, left_in_memory)
        gc.collect()
        kept = Counter(type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, OF_A_VIEWER))
    assert left.sessions == 0
    assert kept == {}
    assert left.files_after <= left.files_before + 2
    assert (left.after - left.before) / CYCLES < MAX_OBJECTS_PER_CYCLE
