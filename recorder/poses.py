"""Poses of a turning camera on their way into the sidecars of its segments.

Kept are every pose while it moves, one a minute at rest, and the last one before each movement, so that whoever
interpolates between two kept poses is right. Lines are JSON: at_us, pan, tilt, zoom, camera_utc_us, move_status.

Between them stand the losses of the segment, because what a decoder fills in of a turning camera's picture is from
before: lost_packets, before_90k (the first picture after them, in the file's own time).
"""

import hashlib
import json
import os
import threading
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from vms.errors import StorageError
from vms.packet import MoveStatus, PtzPose
from vms.units import US_PER_SECOND, CameraId

REST_INTERVAL_US = 60 * US_PER_SECOND
_SAME = 1e-4
_FARTHEST = 1.5
"""Of what a sidecar may say of a place in -1…1; not a number is none."""
_MAX_WAITING = 2000


@dataclass(frozen=True, slots=True)
class LossMark:
    """before_90k: PTS of the first picture after the loss, from the start of the file."""

    before_90k: int
    lost_packets: int


@dataclass(frozen=True, slots=True)
class SidecarContent:
    poses: tuple[PtzPose, ...]
    losses: tuple[LossMark, ...]


def parse_sidecar(camera_id: CameraId, content: bytes) -> SidecarContent:
    """Raises ValueError, TypeError."""
    try:
        lines = [json.loads(line) for line in content.splitlines()]
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    marks = tuple(LossMark(**line) for line in lines if "before_90k" in line)
    poses = tuple(PtzPose(camera_id, **line) for line in lines if "before_90k" not in line)
    if not all(map(_is_number_all_through, poses)) or not all(type(mark.before_90k) is int for mark in marks):
        raise ValueError("not numbers")
    return SidecarContent(poses, marks)


def _is_number_all_through(pose: PtzPose) -> bool:
    whole = (pose.at_us,) if pose.camera_utc_us is None else (pose.at_us, pose.camera_utc_us)
    places = (pose.pan, pose.tilt, pose.zoom)
    return (
        all(type(number) is int for number in whole)
        and all(isinstance(place, int | float) and abs(place) <= _FARTHEST for place in places)
        and pose.move_status in get_args(MoveStatus)
    )


class PoseTrack:
    """Latest poses of one camera for the sidecars of its streams. `put` from the PTZ thread, `open` from writers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[tuple[int, PtzPose]] = deque(maxlen=_MAX_WAITING)
        self._count = 0

    def put(self, pose: PtzPose) -> None:
        with self._lock:
            self._count += 1
            self._recent.append((self._count, pose))

    def since(self, number: int) -> list[tuple[int, PtzPose]]:
        """Those that came after the number-th, with their numbers; 0 = all that are kept."""
        with self._lock:
            newest_first = []
            for item in reversed(self._recent):
                if item[0] <= number:
                    break
                newest_first.append(item)
            return newest_first[::-1]

    def number_before(self, at_us: int) -> int:
        """The number to start a sidecar after, so that it begins with the pose that held at `at_us`."""
        with self._lock:
            start = self._recent[0][0] - 1 if self._recent else self._count
            for number, pose in self._recent:
                if pose.at_us <= at_us:
                    start = number - 1
            return start


class PoseSidecar:
    """One sidecar being written. Used by one writer thread; raises StorageError."""

    def __init__(self, path: Path, track: PoseTrack, start_us: int) -> None:
        self._track = track
        self._path = path
        self._number = track.number_before(start_us)
        self._kept: PtzPose | None = None
        self._skipped: PtzPose | None = None
        self._hash = hashlib.sha256()
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640)
        except OSError as error:
            raise StorageError(f"{path.name}: cannot create it: {error.strerror}") from error

    def pump(self) -> None:
        """Write what came since the last call."""
        lines = b""
        for number, pose in self._track.since(self._number):
            self._number = number
            lines += b"".join(map(_line, self._select(pose)))
        if lines:
            self._write(lines)

    def note_loss(self, mark: LossMark) -> None:
        self._write(json.dumps(asdict(mark), separators=(",", ":")).encode() + b"\n")

    def finish(self) -> str:
        """Close for good; SHA-256 of the file."""
        try:
            self.pump()
            os.fsync(self._descriptor)
        except OSError as error:
            raise StorageError(f"{self._path.name}: fsync: {error.strerror}") from error
        finally:
            os.close(self._descriptor)
        return self._hash.hexdigest()

    def close(self) -> None:
        """Without a hash: recovery takes it up as it is."""
        os.close(self._descriptor)

    def _select(self, pose: PtzPose) -> list[PtzPose]:
        last = self._kept
        is_at_rest = last is not None and pose.move_status != "moving" and _at_rest(last, pose)
        if last is not None and is_at_rest and pose.at_us - last.at_us < REST_INTERVAL_US:
            self._skipped = pose
            return []
        before, self._skipped, self._kept = self._skipped, None, pose
        moved = last is not None and before is not None and not _at_rest(before, pose)
        return [before, pose] if moved and before else [pose]

    def _write(self, lines: bytes) -> None:
        try:
            os.write(self._descriptor, lines)
        except OSError as error:
            raise StorageError(f"{self._path.name}: write: {error.strerror}") from error
        self._hash.update(lines)


def _at_rest(one: PtzPose, other: PtzPose) -> bool:
    return (
        one.move_status == other.move_status
        and abs(one.pan - other.pan) < _SAME
        and abs(one.tilt - other.tilt) < _SAME
        and abs(one.zoom - other.zoom) < _SAME
    )


def _line(pose: PtzPose) -> bytes:
    content = asdict(pose)
    del content["camera_id"]
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"
