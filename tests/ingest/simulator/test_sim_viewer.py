"""A client that reads too slowly loses whole GOPs, then its connection; memory stays bounded."""

import asyncio

from ingest.simulator import rtsp_viewer
from ingest.simulator.model import SimCamera
from ingest.simulator.rtp import PacketTemplate, RtpFrame
from ingest.simulator.rtsp_viewer import StreamViewer
from tests.ingest.simulator.sim_video import LIVE, StillHead

TEMPLATE = PacketTemplate([b"x" * 1000])


class FakeStream:
    camera = SimCamera(LIVE, StillHead(0.0))

    def add(self, viewer):
        self.viewer = viewer

    def remove(self, viewer):
        self.viewer = None


class FakePath:
    def __init__(self):
        self.waiting = 0
        self.sent = []

    def waiting_bytes(self):
        return self.waiting

    def send_frame(self, frame):
        self.sent.append(frame.sequence)

    def send_report(self, report):
        self.sent.append("report")

    def close(self):
        self.sent.append("closed")


def frame(sequence, is_keyframe=False):
    return RtpFrame(TEMPLATE, sequence, 0, 1, is_keyframe=is_keyframe, at_us=0)


def play(scenario):
    async def inside():
        path, dropped = FakePath(), []
        viewer = StreamViewer(FakeStream(), path, lambda: dropped.append(True))
        viewer.play()
        scenario(viewer, path)
        return path.sent, dropped, viewer

    return asyncio.run(inside())


def test_a_new_viewer_waits_for_a_keyframe():
    def scenario(viewer, path):
        for number in range(3):
            viewer.send_frame(frame(number))
        viewer.send_frame(frame(3, is_keyframe=True))
        viewer.send_frame(frame(4))

    assert play(scenario)[0] == ["report", 3, 4]


def test_a_slow_client_goes_on_at_the_next_keyframe():
    def scenario(viewer, path):
        viewer.send_frame(frame(0, is_keyframe=True))
        path.waiting = 5_000_000
        viewer.send_frame(frame(1))
        path.waiting = 0
        viewer.send_frame(frame(2))
        viewer.send_frame(frame(3, is_keyframe=True))

    sent, dropped, viewer = play(scenario)
    assert sent == ["report", 0, 3]
    assert not dropped
    assert viewer.dropped_frames == 1


def test_a_client_that_never_catches_up_is_disconnected(monkeypatch):
    monkeypatch.setattr(rtsp_viewer, "_MAX_LATE_S", -1.0)

    def scenario(viewer, path):
        viewer.send_frame(frame(0, is_keyframe=True))
        path.waiting = 5_000_000
        viewer.send_frame(frame(1))
        viewer.send_frame(frame(2))

    assert play(scenario)[1] == [True]
