import gc
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import packet, pose
from vms import bus
from vms.bus import (
    BusPublisher,
    BusSubscriber,
    Message,
    PacketGate,
    RequestServer,
    decode,
    encode,
    packet_topic,
    pose_topic,
    request,
)
from vms.errors import CameraUnreachable, Refused
from vms.packet import Packet
from vms.units import CameraId


class Collector:
    """Keeps what arrives and lets a test wait for the n-th message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._arrived = threading.Condition()

    def __call__(self, message: Message) -> None:
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[Message]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.messages) >= count, timeout_s), self.messages
            return list(self.messages)


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/c.bus"


@pytest.mark.parametrize(
    "message",
    [
        packet(3),
        packet(12, starts_run=True),
        packet(2**40, codec="h265")._replace(camera_utc_us=None, pts_90k=-5, lost_before=7, data=b""),
        packet(4, data=b"\0\0\0\1\x41/v/\0\0\0\1\x41b")._replace(nal_offsets=(0, 8)),
        pose(pan=0.25),
    ],
)
def test_a_message_survives_the_crossing_unchanged(message: Message) -> None:
    assert decode(encode(message)) == message


def test_a_picture_in_very_many_pieces_crosses_without_saying_where_they_lie() -> None:
    whole = packet(4, data=b"\0\0\0\1\x41" * 300)._replace(nal_offsets=tuple(range(0, 1500, 5)))
    assert decode(encode(whole)) == whole._replace(nal_offsets=())


def test_a_newcomer_is_greeted_with_the_current_group_of_pictures(endpoint: str) -> None:
    watched: list[tuple[CameraId, str, bool]] = []
    publisher = BusPublisher(endpoint, lambda *change: watched.append(change))
    publisher.start()
    for sequence in range(15):  # keyframes at 0 and 12
        publisher.offer(packet(sequence))
    collector = Collector()
    subscriber = BusSubscriber([endpoint], collector)
    subscriber.start()
    subscriber.subscribe(packet_topic("markt-01", "sub"))
    greeted = collector.wait_for(3)
    publisher.offer(packet(15))
    received = collector.wait_for(4)
    subscriber.stop()
    publisher.stop()
    assert [m.sequence for m in greeted if isinstance(m, Packet)] == [12, 13, 14]
    assert isinstance(received[3], Packet)
    assert received[3].sequence == 15
    assert watched[0] == ("markt-01", "sub", True)


def test_a_camera_that_sends_tiny_pictures_without_end_takes_no_endless_memory(endpoint: str) -> None:
    publisher = BusPublisher(endpoint)
    publisher.offer(packet(0, keyframe=True))
    tiny = packet(1, keyframe=False, data=b"\0\0\0\1\x41\x9a")
    count = 0
    while publisher._gops and count < 100_000:
        publisher.offer(tiny)
        count += 1
    assert 25 * 600 < count < 60_000  # ten minutes of a real camera fit, a flood does not
    publisher._context.destroy(0)


def test_a_subscriber_that_never_began_is_forgotten_without_waiting() -> None:
    def make_and_forget() -> None:
        made = BusSubscriber(["ipc:///nowhere"], lambda _: None)
        made.subscribe(pose_topic("markt-01"))
        knot = [made]
        knot.append(knot)  # type: ignore[arg-type]
        del made, knot
        gc.collect()

    thread = threading.Thread(target=make_and_forget, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()


def test_poses_reach_only_those_who_asked(endpoint: str) -> None:
    publisher = BusPublisher(endpoint)
    publisher.start()
    collector = Collector()
    subscriber = BusSubscriber([endpoint], collector)
    subscriber.start()
    subscriber.subscribe(packet_topic("markt-01", "sub"))
    subscriber.subscribe(pose_topic("markt-01"))
    publisher.offer(packet(0))
    collector.wait_for(1)  # the subscription is in force now
    publisher.offer(replace(pose(), camera_id=CameraId("markt-011")))
    publisher.offer(pose(pan=0.5))
    messages = collector.wait_for(2)
    subscriber.stop()
    publisher.stop()
    assert messages[1] == pose(pan=0.5)


def test_the_gate_drops_repeats_and_resumes_after_a_hole_at_a_keyframe() -> None:
    gate = PacketGate()
    order = [3, 12, 13, 12, 13, 14, 16, 17, 24, 25]
    assert [n for n in order if gate.admit(packet(n))] == [12, 13, 14, 24, 25]


def test_the_gate_follows_a_restarted_source() -> None:
    gate = PacketGate()
    assert gate.admit(packet(120))
    assert gate.admit(packet(0, starts_run=True))
    assert gate.admit(packet(1))


def test_requests_are_answered_and_refusals_come_back_as_text(tmp_path: Path) -> None:
    def handler(body: object) -> dict[str, object]:
        if body == {"op": "no"}:
            raise Refused("the camera is locked by A. Jansen")
        return {"echo": body}

    endpoint = f"ipc://{tmp_path}/c.ctl"
    server = RequestServer(endpoint, handler)
    server.start()
    answers = [request(endpoint, {"op": "yes"}), request(endpoint, {"op": "no"})]
    server.stop()
    assert answers == [
        {"echo": {"op": "yes"}},
        {"error": "the camera is locked by A. Jansen", "kind": "Refused"},
    ]


def test_a_silent_capture_process_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CameraUnreachable, match="did not answer"):
        request(f"ipc://{tmp_path}/nobody.ctl", {"op": "status"}, timeout_s=0.1)


def test_a_hung_camera_does_not_hold_up_the_next_request(tmp_path: Path) -> None:
    release = threading.Event()

    def handler(body: object) -> dict[str, object]:
        if body == {"op": "hang"}:
            release.wait(5)
        return {"ok": True}

    endpoint = f"ipc://{tmp_path}/c.ctl"
    server = RequestServer(endpoint, handler)
    server.start()
    hung = threading.Thread(target=request, args=(endpoint, {"op": "hang"}))
    hung.start()
    assert request(endpoint, {"op": "ptz_stop"}) == {"ok": True}
    assert hung.is_alive()
    release.set()
    hung.join(5)
    server.stop()


def test_a_pose_goes_at_once_and_takes_along_what_waits(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "_SEND_EVERY_MS", 60_000)
    greeted = threading.Event()
    publisher = BusPublisher(endpoint, lambda *_: greeted.set())
    publisher.start()
    collector = Collector()
    subscriber = BusSubscriber([endpoint], collector)
    subscriber.start()
    try:
        subscriber.subscribe(pose_topic("markt-01"))
        subscriber.subscribe(packet_topic("markt-01", "sub"))
        assert greeted.wait(5)
        publisher.offer(packet(0))
        publisher.offer(pose())
        assert collector.wait_for(2) == [packet(0), pose()]
    finally:
        subscriber.stop()
        publisher.stop()
