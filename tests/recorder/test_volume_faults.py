"""Disks that vanish, are crossed, fill or fail (F3, F18): real mounts, or faults at os.write and os.fsync."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.clip import SegmentReader
from recorder.disk import VolumeFinder, VolumeSet
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder
from recorder.volume_care import VolumeCare
from tests.faulty_disk import FaultyDisk
from tests.mounts import Mounts
from tests.recorder.conftest import Site
from tests.recorder.encoded import brightness, stream
from vms.clock import now_utc
from vms.config import Volume
from vms.packet import Packet
from vms.rules.disk_pressure import Obstacle
from vms.rules.layout import QUARANTINE
from vms.volume import MARKER_NAME
from vms.volume_space import note_obstacle


class Disks:
    """A site with several volumes, each with its care, driven by hand."""

    def __init__(self, site: Site, *roots: Path) -> None:
        self.site = site
        self.finder = VolumeFinder([Volume(path=root) for root in roots], site.store, site.clock)
        mounted = [self.finder.find(root) for root in roots if root.name != "absent"]
        absent = {root: 92.0 for root in roots if root.name == "absent"}
        self.volumes = site.volumes = VolumeSet(mounted, site.clock, absent)
        site.reader = SegmentReader(roots, site.keys)
        self.cares = [
            VolumeCare(
                root, n, self.volumes, self.finder, site.clock,
                lambda volume, lost_at: site.recovery.run(volume, site.store, {"markt-01"}, before=lost_at),
            )
            for n, root in enumerate(roots)
        ]  # fmt: skip

    def tend(self, seconds: float = 1.0) -> None:
        self.site.clock.advance(seconds)
        for care in self.cares:
            care.turn()

    def faults(self) -> list[str]:
        return [usage.fault for usage in self.volumes.usage()]


def feed(recorder: StreamRecorder, packets: list[Packet]) -> None:
    for packet in packets:
        assert recorder.offer(packet)
    recorder.pump()


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and not path.name.startswith(MARKER_NAME))


def pictures_played(site: Site) -> list[int]:
    return [number for segment in site.segments() for _, number in brightness(site.reader, segment)]


def test_f18_a_disk_pulled_while_another_one_works_costs_no_picture_once_it_is_back(site: Site, mounts: Mounts) -> None:
    disk, a, b = site.root / "disk", site.root / "a", site.root / "b"
    mounts.bind(disk, a)
    b.mkdir()
    disks = Disks(site, a, b)
    recorder = site.recorder(segment_s=2)
    disks.volumes.report_slow(b, "so that the first choice is the disk that goes")
    feed(recorder, stream(25))
    assert recorder.volume_root == a
    mounts.unmount(a)
    feed(recorder, stream(30, first=25))
    disks.tend(5.5)
    assert disks.faults()[0] == "missing"
    assert (recorder.volume_root, recorder.health.get().state) == (b, "on")
    assert list(a.iterdir()) == []
    mounts.bind(disk, a)
    disks.tend(6)
    assert disks.faults()[0] == ""
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(55))
    assert (len(files(disk)), len(files(b))) == (2, 1)
    assert [gap.reason for gap in site.gaps()] == ["restart"]


def test_f18_two_crossed_disks_are_both_refused_and_used_again_when_they_are_right(site: Site, mounts: Mounts) -> None:
    one, two, a, b = (site.root / name for name in ("one", "two", "a", "b"))
    mounts.bind(one, a)
    mounts.bind(two, b)
    disks = Disks(site, a, b)
    mounts.unmount(a)
    mounts.unmount(b)
    mounts.bind(one, b)
    mounts.bind(two, a)
    disks.tend()
    assert disks.faults() == ["missing", "missing"]
    recorder = site.recorder()
    feed(recorder, stream(15))
    assert recorder.health.get().reason == "disk"
    assert "another volume is mounted here" in recorder.health.get().detail
    assert files(one) == files(two) == []
    for at in (a, b):
        mounts.unmount(at)
    mounts.bind(one, a)
    mounts.bind(two, b)
    disks.tend()
    feed(recorder, stream(15, first=15))
    assert recorder.health.get().state == "on"
    assert disks.faults() == ["", ""]


def test_f18_a_disk_refused_at_the_start_is_taken_into_use_without_a_restart(site: Site, mounts: Mounts) -> None:
    disk, absent = site.root / "disk", site.root / "absent"
    mounts.bind(disk, absent)
    VolumeFinder([Volume(path=absent)], site.store, site.clock).find(absent)
    mounts.unmount(absent)
    disks = Disks(site, absent)
    recorder = site.recorder()
    disks.tend()
    feed(recorder, stream(15))
    assert "not mounted" in recorder.health.get().detail
    mounts.bind(disk, absent)
    disks.tend()
    feed(recorder, stream(15, first=15))
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(20, 30))
    assert (site.gaps()[0].reason, site.gaps()[0].end_at) == ("disk", site.segments()[0].start_at)


def test_what_a_pulled_disk_still_had_open_is_played_again_and_no_gap_claims_it(site: Site, mounts: Mounts) -> None:
    disk, a = site.root / "disk", site.root / "a"
    mounts.bind(disk, a)
    disks = Disks(site, a)
    recorder = site.recorder(segment_s=3)
    feed(recorder, stream(25))
    mounts.unmount(a)
    feed(recorder, stream(25, first=25))
    disks.tend()
    assert site.segments() == []
    mounts.bind(disk, a)
    disks.tend(6)
    feed(recorder, stream(15, first=50))
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == [*range(30), *range(50, 65)]
    [gap, _stopped] = site.gaps()
    assert (gap.start_at, gap.end_at) == (site.segments()[0].end_at, site.segments()[1].start_at)


def test_a_part_that_is_being_written_is_left_alone_by_the_recovery_of_a_volume_that_came_back(site: Site) -> None:
    recorder = site.recorder(segment_s=60)
    feed(recorder, stream(35))
    site.clock.advance(86_400)
    report = Recovery(site.keys).run(site.volume, site.store, {"markt-01"}, before=now_utc(site.clock))
    assert (report.finished, len(site.parts())) == ([], 1)
    feed(recorder, stream(15, first=35))
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(50))


def test_f3_a_read_only_disk_loses_no_picture_while_another_one_works(site: Site, mounts: Mounts) -> None:
    a, b = site.root / "a", site.root / "b"
    mounts.tmpfs(a, "size=64m")
    disks = Disks(site, a, b)
    mounts.read_only(a, on=True)
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(30))
    assert (recorder.volume_root, disks.faults()[0]) == (b, "failing")
    disks.tend(6)
    assert disks.faults()[0] == "failing"
    feed(recorder, stream(30, first=30))
    mounts.read_only(a, on=False)
    disks.tend(6)
    assert disks.faults()[0] == ""
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(60))


@pytest.mark.parametrize("options", ["size=600k", "size=64m,nr_inodes=16"])
def test_f3_a_disk_full_of_bytes_or_files_stops_that_volume_only_and_goes_on_when_there_is_room(
    site: Site, mounts: Mounts, options: str
) -> None:
    a, b = site.root / "a", site.root / "b"
    mounts.tmpfs(a, options)
    disks = Disks(site, a, b)
    ballast = [a / f"ballast-{n}" for n in range(20)]
    for path in ballast:
        if os.statvfs(a).f_favail:
            path.touch()
    if "nr_inodes" not in options:
        with pytest.raises(OSError, match="No space"):
            ballast[0].write_bytes(bytes(1 << 20))
    disks.tend()
    assert disks.faults() == ["full", ""]
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(25))
    assert recorder.volume_root == b
    for path in ballast:
        path.unlink(missing_ok=True)
    disks.tend()
    assert disks.faults() == ["", ""]


def test_f3_a_disk_that_fills_under_an_open_segment_keeps_what_is_whole(site: Site, mounts: Mounts) -> None:
    a = site.root / "a"
    mounts.tmpfs(a, "size=1m")
    disks = Disks(site, a)
    recorder = site.recorder(segment_s=60)
    packets = [large(packet) for packet in stream(120)]
    feed(recorder, packets)
    assert recorder.health.get().reason == "disk"
    assert site.journal.stop()
    [segment] = site.segments()
    played = brightness(site.reader, segment)
    assert 10 <= len(played) < 100
    assert [number for _, number in played] == list(range(len(played)))
    assert disks.faults() == ["failing"]


def large(packet: Packet) -> Packet:
    """With 20 kB of filler data, as the standard has it for constant bit rates (NAL type 12)."""
    return packet._replace(data=packet.data + b"\0\0\0\1\x0c" + b"\xff" * 20_000 + b"\x80")


@pytest.mark.parametrize("error", [errno.EIO, errno.EDQUOT, errno.EROFS])
def test_f3_an_error_on_write_costs_what_comes_before_the_next_keyframe_and_a_small_write_brings_the_disk_back(
    site: Site, faulty_disk: FaultyDisk, error: int
) -> None:
    a, b = site.root / "a", site.root / "b"
    disks = Disks(site, a, b)
    disks.volumes.report_slow(b, "so that a is the first choice")
    recorder = site.recorder(segment_s=60)
    feed(recorder, stream(25))
    faulty_disk.root, faulty_disk.write_errno = a, error
    feed(recorder, stream(25, first=25))
    assert (recorder.volume_root, disks.faults()[0]) == (b, "failing")
    disks.tend(6)
    assert disks.faults()[0] == "failing"
    faulty_disk.heal()
    disks.tend(6)
    assert disks.faults()[0] == ""
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == [*range(24), *range(40, 50)]
    assert site.gaps()[0].reason == "disk"


def test_a_volume_full_of_held_footage_stops_alone_and_resumes_when_it_is_relieved(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = site.root / "a", site.root / "b"
    disks = Disks(site, a, b)
    used = {"a": 95, "b": 50}
    monkeypatch.setattr("vms.volume_space.os.statvfs", statvfs_of(used))
    note_obstacle(a, Obstacle("held", 0))
    disks.tend()
    assert disks.faults() == ["held", ""]
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(25))
    assert recorder.volume_root == b
    used["a"] = 30
    disks.tend()
    assert disks.faults() == ["", ""]
    feed(recorder, stream(25, first=25))
    assert recorder.volume_root == a


def statvfs_of(used_pct: dict[str, int]) -> Callable[[Path], os.statvfs_result]:
    def statvfs(root: Path) -> os.statvfs_result:
        free = 1000 - 10 * used_pct[root.name]
        return os.statvfs_result((1 << 20, 1 << 20, 1000, free, free, 0, 0, 0, 0, 255))

    return statvfs


def test_a_failed_fsync_is_not_asked_again_the_segment_is_written_anew(site: Site, faulty_disk: FaultyDisk) -> None:
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(15))
    [part] = site.parts()
    inode = part.stat().st_ino
    faulty_disk.root = site.volume.root
    faulty_disk.fail_once(errno.EIO)
    feed(recorder, stream(10, first=15))
    site.clock.advance(6)
    site.volumes.tend(site.volume.root)
    feed(recorder, stream(20, first=25))
    recorder.close()
    assert site.journal.stop()
    first = site.segments()[0]
    assert (site.volume.root / first.path).stat().st_ino != inode
    assert pictures_played(site)[:20] == list(range(20))
    assert site.gaps()[0].reason == "disk"
    assert not (site.volume.root / QUARANTINE).exists()


def test_a_segment_whose_disk_still_refuses_after_a_failed_fsync_comes_back_with_the_disk(
    site: Site, faulty_disk: FaultyDisk
) -> None:
    a, b = site.root / "a", site.root / "b"
    disks = Disks(site, a, b)
    disks.volumes.report_slow(b, "so that a is the first choice")
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(15))
    faulty_disk.root, faulty_disk.fsync_errno = a, errno.EIO
    feed(recorder, stream(20, first=15))
    assert (recorder.volume_root, len(list(a.rglob("*.part")))) == (b, 1)
    disks.tend(6)
    assert disks.faults()[0] == "failing"
    assert site.segments() == []
    faulty_disk.heal()
    disks.tend(6)
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(35))
    assert [gap.reason for gap in site.gaps()] == ["restart"]


def test_a_failed_fsync_that_lost_pages_goes_to_quarantine_and_is_never_catalogued(
    site: Site, faulty_disk: FaultyDisk
) -> None:
    recorder = site.recorder(segment_s=2)
    feed(recorder, stream(15))
    faulty_disk.root = site.volume.root
    faulty_disk.fail_once(errno.EIO, lose_written=True)
    feed(recorder, stream(10, first=15))
    site.clock.advance(6)
    site.volumes.tend(site.volume.root)
    feed(recorder, stream(20, first=25))
    recorder.close()
    assert site.journal.stop()
    assert pictures_played(site) == list(range(30, 45))
    assert len(list((site.volume.root / QUARANTINE).iterdir())) == 1
    gap = site.gaps()[0]
    assert (gap.reason, gap.end_at) == ("disk", site.segments()[0].start_at)
    assert Recovery(site.keys).run(site.volume, site.store, {"markt-01"}).catalogued == []
