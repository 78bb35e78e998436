"""Every kind of segment through three readers that nobody here wrote: MP4Box (JavaScript), ffprobe, mediainfo."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.clip import SegmentReader
from recorder.disk import identify_volumes
from recorder.recovery import Recovery
from tests.fakes import FakeClock
from tests.ingest.rtp_script import encoded
from tests.recorder.encoded import brightness, stream
from tests.recorder.ingested import CameraStream
from vms.config import Volume
from vms.keys import KeyRing, create_site_key
from vms.packet import Packet
from vms.store import Store, catalog

REPOSITORY = Path(__file__).parents[2]
CODED_BEFORE_SHOWN = {"tune": "film", "bf": "2", "b_strategy": "0", "preset": "veryfast", "rc-lookahead": "4"}


def one_gop(packets: list[Packet]) -> list[Packet]:
    return [packet._replace(is_keyframe=number == 0) for number, packet in enumerate(packets)]


def b_pictures() -> list[Packet]:
    pictures = encoded("h264", 13, sc_threshold="0", **CODED_BEFORE_SHOWN)
    return CameraStream("h264").send(pictures[:7], shown=[0, 3, 1, 2, 6, 4, 5])


def uneven_steps() -> list[Packet]:
    """A camera whose clock trembles by a tick or two."""
    moved = [(packet, packet.dts_90k + number % 3) for number, packet in enumerate(stream(20))]
    return [packet._replace(dts_90k=at_90k, pts_90k=at_90k) for packet, at_90k in moved]


KINDS = {
    "h264": lambda: stream(40),
    "h265": lambda: stream(40, codec="h265"),
    "long-gop": lambda: one_gop(stream(45)),
    "long-gop-h265": lambda: one_gop(stream(45, codec="h265")),
    "one-picture": lambda: stream(1),
    "b-pictures": b_pictures,
    "uneven-steps": uneven_steps,
    "changed-size": lambda: stream(20) + stream(20, first=20, size=(96, 80)),
}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY).stdout


def mp4box(*files: Path) -> list[dict]:
    return [json.loads(line) for line in run("node", "tools/mp4_check.mjs", *map(str, files)).splitlines()]


def accepted(files: dict[Path, tuple[int, int]]) -> None:
    """files: with their pictures and length in ticks, as the catalog has them."""
    for found, (path, (pictures, duration_90k)) in zip(mp4box(*files), files.items(), strict=True):
        [track] = found["tracks"]
        assert found["findings"] == []
        assert (track["samples"], track["timescale"]) == (pictures, 90_000)
        assert track["duration"] == duration_90k
        probed = json.loads(run("ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(path)))
        assert [int(one["nb_read_packets"]) for one in probed["streams"]] == [pictures]
        assert run("ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-") == ""
        general, video = json.loads(run("mediainfo", "--Output=JSON", str(path)))["media"]["track"]
        assert (general["Format"], video["@type"]) == ("MPEG-4", "Video")
        assert float(video["Duration"]) == pytest.approx(duration_90k / 90_000, abs=0.002)
        assert "IsTruncated" not in general


@pytest.mark.parametrize("kind", KINDS)
def test_three_foreign_readers_accept_every_kind_of_segment(site, tmp_path, kind):
    packets = KINDS[kind]()
    recorder = site.recorder(segment_s=60)
    for packet in packets:
        assert recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    files: dict[Path, tuple[int, int]] = {}
    for number, segment in enumerate(site.segments()):
        path = tmp_path / f"{kind}-{number}.mp4"
        with site.reader.open(segment) as file:
            path.write_bytes(file.read())
        files[path] = (len(packets) // len(site.segments()), segment.duration_90k)
    accepted(files)


def test_they_accept_what_recovery_makes_of_a_segment_that_kill_9_cut_off(tmp_path):
    data = tmp_path / "data"
    (data / "keys").mkdir(parents=True)
    store = Store(f"sqlite:///{data}/uitkijk.db")
    store.migrate()
    create_site_key(data / "keys" / "site.key")
    keys = KeyRing(data / "keys", data / "keys" / "site.key")
    command = [sys.executable, "-m", "tests.recorder.recording_child", str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True, bufsize=1
    ) as child:
        child.stdin.write("0\n")
        pid = int(child.stdout.readline())
        while int(child.stdout.readline()) < 45:
            pass
        os.kill(pid, signal.SIGKILL)
        while child.stdout.readline() != "gone\n":
            pass
        child.stdin.close()
    [volume] = identify_volumes([Volume(path=data / "media")], store, FakeClock())
    assert Recovery(keys).run(volume, store, {"markt-01"}).finished
    with store.reading() as tx:
        rows = catalog.page(tx, limit=100)
    store.close()
    reader, files = SegmentReader([volume.root], keys), {}
    for row in rows:
        path = tmp_path / f"{row.id}.mp4"
        with reader.open(row) as file:
            path.write_bytes(file.read())
        files[path] = (len(brightness(reader, row)), row.duration_90k)
    accepted(files)


def test_the_foreign_reader_sees_what_is_broken(site, tmp_path):
    recorder = site.recorder(segment_s=60)
    for packet in stream(20):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    with site.reader.open(site.segments()[0]) as file:
        whole = file.read()
    sample = whole.rindex(b"mdat") + 4
    broken = {
        "truncated": whole[:-7],
        "length": whole[:sample] + b"\0\0\0\1" + whole[sample + 4 :],
        "tail": whole + b"\0\0\0\0",
    }
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
    assert all(found["findings"] for found in mp4box(*(tmp_path / name for name in broken)))
