"""Who starts to watch a camera that went down is not greeted with its last pictures."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingest.camera import StreamDown
from ingest.turns import ReadTurns
from recorder.capture import CameraCapture
from recorder.errands import Errands
from recorder.journal_notes import JournalNotes
from tests.fakes import T0_US, FakeClock, packet
from vms.bus import BusPublisher, BusSubscriber, Message, packet_topic
from vms.config import Camera
from vms.packet import Packet
from vms.rules.gating import FREE
from vms.units import CameraId


def test_pictures_from_before_the_stream_went_down_are_forgotten(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/c.bus"
    publisher = BusPublisher(endpoint)
    recorder = SimpleNamespace(offer_all=lambda _packets: None, source_down=lambda *_why: None)
    recording: Any = SimpleNamespace(stream=lambda *_of: recorder, notes=JournalNotes(FakeClock()))
    camera = Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1:9/a", sub="rtsp://127.0.0.1:9/b")
    turns, errands = ReadTurns(FakeClock()), Errands()
    capture = CameraCapture(
        camera, recording, publisher, FakeClock(), turns, errands, tmp_path, record_sub=True, gate_of=lambda *_: FREE
    )
    for sequence in range(3):
        capture._on_packets([packet(sequence)])
    capture._on_down(StreamDown(CameraId("markt-01"), "sub", "stalled", "no picture for 5 s", T0_US, T0_US))
    came, received = threading.Event(), []

    def take(message: Message) -> None:
        received.append(message)
        came.set()

    publisher.start()
    subscriber = BusSubscriber([endpoint], take)
    subscriber.start()
    try:
        subscriber.subscribe(packet_topic("markt-01", "sub"))
        watched = threading.Event()
        for _ in range(300):
            if publisher.is_watched(CameraId("markt-01"), "sub"):
                break
            watched.wait(0.01)
        capture._on_packets([packet(12, starts_run=True)])
        assert came.wait(3)
    finally:
        subscriber.stop()
        publisher.stop()
    assert [m.sequence for m in received if isinstance(m, Packet)] == [12]
