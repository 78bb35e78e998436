"""What a hostile stream costs a recording process: `python -m tests.recorder.memory_child DIR KIND`.

Ingests and records one ordinary GOP, then KIND again and again, and prints one JSON line: resident bytes before, peak
and after, and what became of it. A process of its own, so that the peak is the stream's and nobody else's.
"""

import json
import os
import re
import struct
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ingest.depacketize import depacketizer
from ingest.packet_builder import PacketBuilder, StreamIdentity
from ingest.rtsp_message import InterleavedSplitter
from recorder.disk import VolumeSet, identify_volumes
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder, StreamSettings
from tests.fakes import T0_US, FakeClock
from tests.ingest.rtp_script import PAYLOAD_TYPE, encoded, framed, picture_packets, rtp
from vms.config import Volume
from vms.errors import ProtocolError
from vms.store import Store
from vms.units import CameraId, us_from_90k

MEGABYTE = 1 << 20
READ_PACKETS = 700
"""About what one read of 1 MiB brings."""
ROUNDS = 3


class Rows:
    """A GapJournal that keeps what it is told."""

    def __init__(self) -> None:
        self.segments: list[object] = []
        self.gaps: list[str] = []

    def add_segment(self, new: object) -> None:
        self.segments.append(new)

    def open_gap(self, camera_id: object, profile: object, at: object, reason: str, detail: str) -> None:
        self.gaps.append(reason)

    def close_gap(self, *_: object) -> None: ...

    def add_gap(self, *_: object) -> None: ...


def resident(field: str = "VmRSS") -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def hostile(kind: str, sets: list[bytes], sequence: int, at_90k: int) -> Iterator[bytes]:
    """RTP packets of one round."""
    filling = os.urandom(MEGABYTE).replace(b"\0\0", b"\1\1")
    match kind:
        case "keyframe-20mb":
            picture = b"\x65\x88" + filling * 20
            yield from picture_packets("h264", [*sets, picture], sequence, at_90k)
        case "sei-bomb":
            for n in range(36_000):
                yield rtp(b"\x06\x05" + filling[:1000], sequence + n, at_90k + n, marker=True)
        case "tiny-pictures":
            for n in range(15_000):
                yield rtp(b"\x41\x9a", sequence + n, at_90k + n, marker=True)
        case "endless-fragment":
            yield rtp(b"\x7c\x85" + filling[:1000], sequence, at_90k)
            for n in range(1, 36_000):
                yield rtp(b"\x7c\x05" + filling[:1000], sequence + n, at_90k)
        case "aggregates":
            for n in range(3000):
                units = struct.pack(">H", 2) + b"\x06\x05"
                yield rtp(b"\x78" + units * 340, sequence + n, at_90k + n, marker=True)


def run(root: Path, kind: str) -> dict[str, object]:
    clock, rows = FakeClock(), Rows()
    store = Store(f"sqlite:///{root}/u.db")
    store.migrate()
    [volume] = identify_volumes([Volume(path=root / "media")], store, clock)
    settings = StreamSettings(5, "public_order", 64 * MEGABYTE, None)
    volumes = VolumeSet([volume], clock)
    recorder = StreamRecorder(CameraId("markt-01"), "sub", settings, volumes, rows, Recovery(None).finish_part)
    pictures = encoded("h264", 10, width=64, height=48)
    sets = [nal for nal in pictures[0] if nal[0] & 0x1F in (7, 8)]
    reader, sequence, at_90k, refused, taken = depacketizer("h264", PAYLOAD_TYPE), 0, 0, 0, 0
    builder = PacketBuilder(StreamIdentity(CameraId("markt-01"), "sub", "h264"), ())
    before = peak_small = 0
    for turn in range(ROUNDS + 1):
        packets = [p for n, nals in enumerate(pictures) for p in picture_packets("h264", nals, 0, at_90k + n * 3600)]
        packets = [p[:2] + struct.pack(">H", (sequence + n) & 0xFFFF) + p[4:] for n, p in enumerate(packets)]
        sequence += len(packets)
        at_90k += 36_000
        stream = [iter(packets)] + ([hostile(kind, sets, sequence, at_90k)] if turn else [])
        for source in stream:
            while batch := list(islice(source, READ_PACKETS)):
                sequence += 0 if source is stream[0] else len(batch)
                try:
                    InterleavedSplitter().feed(b"".join(framed(0, packet) for packet in batch), reader, 0)
                    made = builder.build(reader.take(), T0_US + us_from_90k(at_90k))
                except ProtocolError:  # the worker would end the session here and start another
                    refused += 1
                    reader = depacketizer("h264", PAYLOAD_TYPE)
                    builder = PacketBuilder(StreamIdentity(CameraId("markt-01"), "sub", "h264"), (), builder.sequence)
                    break
                for packet in made:
                    taken += recorder.offer(packet)
                recorder.pump()
        at_90k += 90_000
        if turn == 0:
            before = resident()
        if turn == 1:
            peak_small = resident("VmHWM")
    recorder.close()
    store.close()
    return {
        "before": before,
        "peak_after_one": peak_small,
        "peak": resident("VmHWM"),
        "after": resident(),
        "refused": refused,
        "pictures": taken,
        "gaps": rows.gaps,
        "segments": len(rows.segments),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), sys.argv[2])) + "\n")
