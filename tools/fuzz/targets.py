"""What is fuzzed: every parser of bytes that a camera sends, that lie on a disk, or that the verifier is handed.

A target returns, or shows a bug by raising.

`tests/ingest/test_fuzz_targets.py` runs them with Hypothesis in every check, `tools/fuzz/run.py` for as long as one
likes with atheris, both from the captured sessions in `tests/ingest/captured`.
"""

import contextlib
import io
import struct
from functools import cache
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ingest.depacketize import depacketizer
from ingest.packet_builder import PacketBuilder, StreamIdentity
from ingest.rtcp import parse_rtcp
from ingest.rtsp_auth import choose, parse_challenges
from ingest.rtsp_message import InterleavedSplitter
from ingest.sdp import parse_sdp, resolve_control
from recorder.muxer import FragmentMuxer, InitSegment
from tools.fuzz.documents import DOCUMENTS
from tools.fuzz.files import FILES
from tools.fuzz.target import Target, holds
from vms.errors import CameraError, CameraUnauthorized, ProtocolError
from vms.packet import Packet
from vms.rules.codec_string import format_id, nal_units
from vms.rules.sps import MAX_PICTURE_SIDE, is_sps, parse_sps
from vms.signing import signed_bytes
from vms.units import CameraId, Codec
from web.bundle.controleer_export import Video, spelled
from web.bundle.eff import box
from web.bundle.package import Content, Text, write_package
from web.bundle.verify import verify_export

CAPTURED = Path(__file__).parents[2] / "tests" / "ingest" / "captured"
PAYLOAD_TYPE = 96
RECEIVED_US = 1_795_000_000_000_000
_LARGEST_HEADER_BYTES = 16_000


def sdp(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        track = parse_sdp(data)
        url = resolve_control(resolve_control("rtsp://192.0.2.1/a?b=c", track.session_control), track.control)
        holds(url.isascii() and url.isprintable() and " " not in url, "a control URL fits into a request line")
        holds(sum(map(len, track.parameter_sets)) <= len(data), "parameter sets come from the description")


def rtsp(data: bytes) -> None:
    """The first byte tells how the network cuts the others."""
    step, stream = (data[0] or 256 if data else 1), data[1:]
    whole = _split(stream, len(stream) or 1)
    holds(_split(stream, step) == whole, "the cuts of the network change nothing")
    for message in whole[1]:
        holds(message.status is None or message.status >= 0, "a status is a number")
        with contextlib.suppress(CameraUnauthorized):
            choose(parse_challenges(message.all("www-authenticate")), encrypted=True)


def _split(stream: bytes, step: int) -> tuple[list[tuple[int, bytes]], list[object], bool]:
    splitter, frames, messages = InterleavedSplitter(), [], []
    try:
        for at in range(0, len(stream), step):
            new_frames, new_messages = splitter.feed(stream[at : at + step])
            frames += new_frames
            messages += new_messages
    except ProtocolError:
        return [], [], False  # what came before it in the same read is not told
    return frames, messages, True


def rtcp(data: bytes) -> None:
    report = parse_rtcp(data).report
    if report is not None:
        holds(abs(report.utc_us(RECEIVED_US) - RECEIVED_US) <= 1 << 51, "the camera's clock is in the nearest era")


def parameter_sets(data: bytes) -> None:
    """The first byte chooses the codec; the rest is a set, and a keyframe that begins with it."""
    codec, nal = _codec_and_rest(data)
    with contextlib.suppress(ProtocolError):
        info = parse_sps(codec, nal)
        holds(0 < info.width <= MAX_PICTURE_SIDE and 0 < info.height <= MAX_PICTURE_SIDE, "a picture has a size")
        holds(0 <= info.reorder <= 16, "reordering is bounded")
    with contextlib.suppress(ProtocolError):
        holds(len(format_id(codec, b"\0\0\0\1" + nal)) <= len(nal) + 8, "a format is told by the sets alone")


def depacketize(data: bytes) -> None:
    """The first byte chooses the codec; the rest are RTP packets, each after `$`, channel and length."""
    codec, stream = _codec_and_rest(data)
    reader, plain = depacketizer(codec, PAYLOAD_TYPE), depacketizer(codec, PAYLOAD_TYPE)
    try:
        packets = [packet for channel, packet in InterleavedSplitter().feed(stream)[0] if channel == 0]
        InterleavedSplitter().feed(stream, reader, 0)
        units = reader.take()
        for packet in packets:
            plain.push(packet)
    except ProtocolError:
        return
    holds(plain.take() == units, "the hot path does what the plain path does")
    holds(
        sum(len(unit.data) for unit in units) <= 6 * sum(map(len, packets)),
        "no more comes out than went in, and start codes",
    )
    builder = PacketBuilder(StreamIdentity(CameraId("fuzz"), "main", codec), ())
    built = builder.build(units, RECEIVED_US)
    for packet_built in built:
        holds(packet_built.data.startswith(b"\0\0\0\1"), "a packet begins with a start code")
        starts = [packet_built.data[at : at + 4] for at in packet_built.nal_offsets]
        holds(starts == [b"\0\0\0\1"] * len(starts), "NAL units lie where the packet says")
    for one, after in pairwise(built):
        holds(after.sequence == one.sequence + 1, "packets are numbered")
        holds(after.starts_run or after.dts_90k > one.dts_90k, "decoding times rise")
        holds(not after.starts_run or after.is_keyframe, "a run starts at a keyframe")


def mux(data: bytes) -> None:
    """What a camera can make of a file's header (written by libav) and of its fragments.

    The first byte chooses the codec; the second where the Annex B that follows is cut into two pictures.
    """
    codec, stream = _codec_and_rest(data)
    cut, stream = (stream[0] * 16 if stream else 0), stream[1:]
    pictures = [piece for piece in (stream[:cut], stream[cut:]) if piece]
    if not pictures:
        return
    sizes: list[int] = []
    with contextlib.suppress(CameraError):
        muxer = FragmentMuxer(InitSegment.of(codec, pictures[0]), lambda unit: sizes.append(len(unit)))
        for number, picture in enumerate(pictures):
            muxer.write(_packet(codec, picture, number), 3600)
        muxer.flush()
    holds(sum(sizes) <= 4 * len(stream) + _LARGEST_HEADER_BYTES, "a file is about as large as its pictures")


def _packet(codec: Codec, data: bytes, number: int) -> Packet:
    at = number * 3600
    return Packet(CameraId("fuzz"), "main", codec, data, at, at, number == 0, RECEIVED_US, None, number)


def _codec_and_rest(data: bytes) -> tuple[Codec, bytes]:
    return ("h265" if data[:1] and data[0] & 1 else "h264"), data[1:]


@cache
def _sessions() -> list[tuple[Codec, bytes, list[tuple[int, bytes]], bytes]]:
    """(codec, everything, frames, SDP) of each capture."""
    found: list[tuple[Codec, bytes, list[tuple[int, bytes]], bytes]] = []
    for path in sorted(CAPTURED.glob("*.bin")):
        data = path.read_bytes()
        frames, messages = InterleavedSplitter().feed(data)
        description = next(message.body for message in messages if message.body)
        found.append(("h265" if "h265" in path.name else "h264", data, frames, description))
    return found


def _units(codec: Codec, frames: list[tuple[int, bytes]]) -> list[bytes]:
    reader = depacketizer(codec, PAYLOAD_TYPE)
    return [unit.data for unit in reader.push_all(packet for channel, packet in frames if channel == 0)]


def _mark(codec: Codec) -> bytes:
    return b"\1" if codec == "h265" else b"\0"


def _rtp_seed(codec: Codec, frames: list[tuple[int, bytes]]) -> bytes:
    packets = [packet for channel, packet in frames if channel == 0][:30]
    return _mark(codec) + b"".join(struct.pack(">BBH", 0x24, 0, len(packet)) + packet for packet in packets)


def _mux_seed(codec: Codec, frames: list[tuple[int, bytes]], description: bytes) -> bytes:
    """A keyframe (the largest picture) behind its parameter sets, and the picture after it."""
    units = _units(codec, frames)
    at = max(range(len(units) - 1), key=lambda number: len(units[number]))
    sets = b"".join(b"\0\0\0\1" + nal for nal in parse_sdp(description).parameter_sets)
    keyframe = (sets + units[at])[:3000]
    keyframe += bytes(-len(keyframe) % 16)
    return _mark(codec) + bytes((len(keyframe) // 16,)) + keyframe + units[at + 1]


def export(data: bytes) -> None:
    """Whatever is handed in as an export: an answer, and "unchanged" for the real one only."""
    verdict = verify_export(io.BytesIO(data))
    holds(not verdict.is_intact or data == _package(), "a changed export is never found unchanged")


@cache
def _package() -> bytes:
    """An export as small as one can be: a video of one fragment, and a manifest that is signed."""
    video = box(b"ftyp", b"isom") + box(b"moov") + box(b"moof", b"1") + box(b"mdat", b"picture")
    found = Video()
    found.feed(video)
    found.finish()
    named = {"name": "beelden/a.mp4", "bytes": len(video), "sha256": found.whole.hexdigest()}
    described = {
        "file": "a", "beginning_sha256": found.beginning, "seal_sha256": "", "segments": [],
        "fragments": [{"start_us": 0, "bytes": size, "sha256": sha256} for size, sha256 in found.fragments],
    }  # fmt: skip
    content = {"files": [named], "videos": [described], "timestamped": False}
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(signed_bytes("export-manifest", content))
    public = key.public_key().public_bytes_raw()
    manifest = {"content": content, "signature": signature.hex(), "public_key": public.hex()}
    out = io.BytesIO()
    contents: list[Content] = [Text("beelden/a.mp4", video), Text("manifest.json", spelled(manifest))]
    write_package(out, contents)
    return out.getvalue()


def _export_seeds() -> list[bytes]:
    whole = _package()
    sealed = box(b"ftyp", b"isom") + box(b"meta", bytes(4), box(b"ipro", bytes(6), box(b"sinf", box(b"schi"))))
    return [whole, whole[:-60], whole[60:], sealed]


TARGETS: dict[str, Target] = {
    **DOCUMENTS,
    **FILES,
    "export": Target(export, _export_seeds),
    "sdp": Target(sdp, lambda: [description for *_, description in _sessions()]),
    "rtsp": Target(rtsp, lambda: [b"\x40" + data[:6000] for _, data, *_ in _sessions()]),
    "rtcp": Target(
        rtcp, lambda: [packet for *_, frames, _ in _sessions() for channel, packet in frames if channel == 1]
    ),
    "parameter_sets": Target(
        parameter_sets,
        lambda: [
            _mark(codec) + nal
            for codec, _, frames, description in _sessions()
            for nal in (*parse_sdp(description).parameter_sets, *nal_units(_units(codec, frames)[0]))
            if is_sps(codec, nal)
        ],
    ),
    "depacketize": Target(depacketize, lambda: [_rtp_seed(codec, frames) for codec, _, frames, _ in _sessions()]),
    "mux": Target(mux, lambda: [_mux_seed(codec, frames, sdp) for codec, _, frames, sdp in _sessions()]),
}
