"""Targets for what lies on a disk: a crash, a bad sector or somebody with a key may have made anything of it."""

import contextlib
import io
import math
from functools import cache

import av
import numpy as np

from recorder.boxes import read_index
from recorder.footage_from import footage_from, keyframe_at
from recorder.poses import parse_sidecar
from recorder.segment_format import SegmentHeader, read_header
from tools.fuzz.target import Target, holds
from vms.errors import StorageError
from vms.rules.layout import parse_path
from vms.units import CameraId
from web.bundle.controleer_export import Video

_MAX_SEED_BYTES = 6000


def mp4(data: bytes) -> None:
    """The index of a fragmented file, and what is cut out of it by it."""
    video = Video()
    video.feed(data)
    video.finish()
    try:
        index = read_index(io.BytesIO(data))
    except StorageError:
        return
    holds(0 <= index.end_offset <= len(data), "what is whole ends within the file")
    ends = [0, *(fragment.offset + fragment.size for fragment in index.fragments)]
    starts = [*(fragment.offset for fragment in index.fragments), index.end_offset]
    holds(all(end <= start for end, start in zip(ends, starts, strict=True)), "fragments lie one after the other")
    holds(index.timescale > 0 and index.duration_90k == int(index.duration_90k), "a file lasts a whole number of ticks")
    for offset_us in (-1, 0, 500_000, 10**12):
        with footage_from(io.BytesIO(data), offset_us) as cut:
            content = cut.read()
        holds(len(content) <= len(data) and data.endswith(content[-16:]), "a seek gives the end of the same file")
        found = keyframe_at(index, offset_us)
        holds(found is None or found.starts_with_keyframe, "a seek lands on a keyframe")


def segment(data: bytes) -> None:
    with contextlib.suppress(StorageError):
        header, offset = read_header(io.BytesIO(data))
        holds(0 < offset <= 4096, "content begins behind the header")
        holds(parse_path(header.path) is not None, "a header names a place of ours")
        holds(read_header(io.BytesIO(header.encode()))[0] == header, "a header comes back as it was")


def sidecar(data: bytes) -> None:
    with contextlib.suppress(ValueError, TypeError):
        found = parse_sidecar(CameraId("fuzz"), data)
        holds(all(math.isfinite(pose.pan + pose.tilt + pose.zoom) for pose in found.poses), "a pose is a place")
        holds(sorted(pose.at_us for pose in found.poses) is not None, "poses can be put in order")


@cache
def _film() -> bytes:
    made = io.BytesIO()
    options = {"movflags": "empty_moov+default_base_moof+frag_keyframe"}
    with av.open(made, "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 5
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency"}
        for number in range(15):
            picture = np.full((48, 64, 3), number * 15, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return made.getvalue()


def _film_seeds() -> list[bytes]:
    film = _film()
    moof = film.index(b"moof") - 4
    return [film[:_MAX_SEED_BYTES], film[:moof], film[: moof + 40], film[:moof] + film[moof:] * 2]


def _segment_seeds() -> list[bytes]:
    def header(**changes: object) -> bytes:
        known: dict[str, object] = {
            "camera_id": "markt-01", "profile": "sub", "codec": "h264", "start_us": 1_795_000_000_000_000,
            "starts_run": True, "purpose": "public_order", "skew_ms": -12, "key_id": "markt-01/2026-11-18/ab",
            "nonce": "00" * 12,
        }  # fmt: skip
        return SegmentHeader(**(known | changes)).encode()  # type: ignore[arg-type]

    return [header(), header(key_id=None, nonce=None), header(profile="main", codec="h265"), header(skew_ms=None)]


def _sidecar_seeds() -> list[bytes]:
    pose = b'{"pan":0.1,"tilt":0,"zoom":0,"at_us":1,"camera_utc_us":null,"move_status":"idle"}\n'
    loss = b'{"before_90k":3600,"lost_packets":2}\n'
    return [b"", pose, pose * 20, loss + pose]


FILES = {
    "mp4": Target(mp4, _film_seeds),
    "segment": Target(segment, _segment_seeds),
    "sidecar": Target(sidecar, _sidecar_seeds),
}
