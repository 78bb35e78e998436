"""The power goes at any moment: at most a second of each camera is lost, and what is catalogued plays."""

import random

import pytest

from recorder.poses import PoseTrack
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder
from recorder.writer_thread import SyncTiming, VolumeWriter
from tests.faulty_disk import FaultyDisk
from tests.recorder.conftest import Site
from tests.recorder.encoded import FPS, brightness, stream
from tests.recorder.power_cut import PowerCut
from vms.rhythm import READ_EVERY_S
from vms.units import CameraId

ROUND_PICTURES = round(FPS * READ_EVERY_S)
"""What comes between two rounds of the writer."""


def rounds(site: Site, recorder: StreamRecorder) -> VolumeWriter:
    """The real writer of the volume, told by the test when to make a round."""
    writer = VolumeWriter(site.volume.root, 0, site.clock, SyncTiming(every_s=0.5))
    writer.adopt(recorder)
    return writer


@pytest.mark.parametrize("seed", range(12))
def test_a_power_cut_costs_at_most_a_second_and_no_catalogued_picture(site: Site, monkeypatch, seed) -> None:
    chance = random.Random(seed)
    power = PowerCut(monkeypatch, site.volume.root)
    recorder = site.recorder(segment_s=3, poses=PoseTrack())
    writer = rounds(site, recorder)
    packets = stream(chance.randrange(20, 140))
    given = 0
    while given < len(packets):
        batch = packets[given : given + ROUND_PICTURES]
        recorder.offer_all(batch)
        given += len(batch)
        if given < len(packets) or chance.random() < 0.5:
            writer._round()
        site.clock.advance(READ_EVERY_S)
    assert site.journal.stop()
    acknowledged = {segment.path: segment.sha256 for segment in site.segments()}
    if recorder._segment is not None:
        recorder._segment._release()
        recorder._segment._file.close()
    power.cut()
    report = Recovery(site.keys).run(site.volume, site.store, {"markt-01"})
    assert report.quarantined == report.missing == []
    segments = site.segments()
    assert acknowledged.items() <= {segment.path: segment.sha256 for segment in segments}.items()
    played = [number for segment in segments for _, number in brightness(site.reader, segment)]
    assert played == [number % 100 for number in range(len(played))]
    assert given - len(played) <= FPS, f"{(given - len(played)) / FPS:.1f} s lost"


def test_without_the_sync_of_a_round_the_shim_takes_it(site: Site, monkeypatch) -> None:
    """The cut is real: what nobody synced is gone."""
    power = PowerCut(monkeypatch, site.volume.root)
    recorder = site.recorder(segment_s=60)
    recorder.offer_all(stream(40))
    recorder.pump()
    power.cut()
    assert site.parts() == []
    assert site.files() == []


def test_a_round_that_the_disk_does_not_make_safe_is_read_back_and_told(site: Site, faulty_disk: FaultyDisk) -> None:
    faulty_disk.root = site.volume.root
    recorder = site.recorder(segment_s=60)
    other = StreamRecorder(CameraId("markt-02"), "sub", recorder._settings, site.volumes, site.journal, lambda *_: None)
    writer = rounds(site, recorder)
    writer.adopt(other)
    packets = stream(60)
    for at in range(0, 4 * ROUND_PICTURES, ROUND_PICTURES):
        recorder.offer_all(packets[at : at + ROUND_PICTURES])
        if at == 3 * ROUND_PICTURES:
            faulty_disk.syncfs_errno = 5
        writer._round()
        site.clock.advance(READ_EVERY_S)
    assert recorder.health.get().state == "fault"
    site.clock.advance(6)
    site.volumes.tend(site.volume.root)
    recorder.offer_all(packets[4 * ROUND_PICTURES :])
    recorder.close()
    assert site.journal.stop()
    assert [len(brightness(site.reader, segment)) for segment in site.segments()] == [4 * ROUND_PICTURES - 1, 30]
    assert [gap.reason for gap in site.gaps()] == ["disk", "restart"]
