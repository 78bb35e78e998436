"""Recorder processes for the kill test: `python -m tests.recorder.recording_child DIR`.

For each line on stdin (number of the first picture) a recorder is forked (`tests.forked`) and prints its pid. It
recovers, then records scripted packets, printing the number of each picture once it was handed to the muxer.
"""

import sys
from pathlib import Path

from recorder.disk import VolumeSet, identify_volumes
from recorder.journal import Journal
from recorder.poses import PoseTrack
from recorder.recovery import Recovery
from recorder.segment_writer import StreamRecorder, StreamSettings
from tests.fakes import FakeClock, pose
from tests.forked import say_pid, serve
from tests.recorder.encoded import FPS, stream
from vms.config import Volume
from vms.keys import KeyRing
from vms.rhythm import READ_EVERY_S
from vms.store import Store, catalog
from vms.units import CameraId, us_from_utc

BATCH = round(FPS * READ_EVERY_S)
"""Pictures at once, as they come from a camera that nobody watches."""


def record(root: Path, first: int) -> None:
    say_pid()
    clock = FakeClock()
    store = Store(f"sqlite:///{root}/data/uitkijk.db")
    keys = KeyRing(root / "data/keys", root / "data/keys/site.key")
    [volume] = identify_volumes([Volume(path=root / "data/media")], store, clock)
    recovery = Recovery(keys)
    journal = Journal(store, root / "data/journal/capture-0.jsonl")
    journal.catch_up()
    recovery.run(volume, store, {"markt-01"})
    with store.reading() as tx:
        end = catalog.last_end(tx, "markt-01", "sub")
    journal.start()
    poses = PoseTrack()
    recorder = StreamRecorder(
        CameraId("markt-01"),
        "sub",
        StreamSettings(3, "public_order", 16 << 20, keys.data_key),
        VolumeSet([volume], clock),
        journal,
        recovery.finish_part,
        poses,
        us_from_utc(end) if end else None,
    )
    packets = stream(1000, first=first)
    packets[0] = packets[0]._replace(starts_run=True)
    for packet in packets:
        poses.put(pose(packet.received_us, pan=packet.sequence % 10 / 10, move_status="moving"))
        recorder.offer(packet)
        if packet.sequence % BATCH == 0:
            recorder.pump()
        sys.stdout.write(f"{packet.sequence}\n")
        sys.stdout.flush()


def main() -> None:
    root = Path(sys.argv[1])
    stream(1)
    serve(lambda first: record(root, int(first)))


if __name__ == "__main__":
    main()
