"""The session description of a camera (RFC 8866): its H.264 or H.265 video track and nothing else. Pure."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from vms.errors import ProtocolError
from vms.units import TICKS_PER_SECOND, Codec

_ENCODINGS: dict[str, Codec] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}
_SPROP_NAMES = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
_MAX_LINES = 2000
_MAX_PARAMETER_SETS = 32
_MAX_PARAMETER_SET_BYTES = 16 * 1024
_URL_CHARACTERS = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """control: as written in the SDP, to be resolved with `resolve_control`. parameter_sets: NAL units."""

    codec: Codec
    payload_type: int
    control: str
    session_control: str
    parameter_sets: tuple[bytes, ...]


def parse_sdp(body: bytes) -> VideoTrack:
    """The first H.264/H.265 track. Raises ProtocolError, saying what the camera offers instead."""
    session: list[str] = []
    media: list[list[str]] = []
    for line in body.decode("utf-8", "replace").splitlines()[:_MAX_LINES]:
        if line.startswith("m="):
            media.append([line])
        elif media:
            media[-1].append(line)
        else:
            session.append(line)
    offers: list[str] = []
    for block in media:
        if block[0].startswith("m=video "):
            track = _video_track(block, _attribute(session, "control") or "*", offers)
            if track is not None:
                return track
    offered = ", ".join(offers) or "no video"
    raise ProtocolError(f"the camera offers {offered}: set this stream to H.264 or H.265 on the camera")


def _video_track(block: list[str], session_control: str, offers: list[str]) -> VideoTrack | None:
    formats = block[0].split()[3:]
    for value in _attributes(block, "rtpmap"):
        payload_type, _, encoding = value.partition(" ")
        name, _, rate = encoding.strip().partition("/")
        codec = _ENCODINGS.get(name.upper())
        if payload_type not in formats or codec is None:
            offers.append(name[:20] or "?")
            continue
        if rate.split("/")[0].strip() != str(TICKS_PER_SECOND):
            raise ProtocolError(f"RTP clock rate {rate[:20]!r} instead of {TICKS_PER_SECOND}")
        fmtp = _format_parameters(block, payload_type)
        if fmtp.get("packetization-mode") == "2" or fmtp.get("sprop-max-don-diff", "0") != "0":
            raise ProtocolError("interleaved packetisation is not supported: use transport libav")
        return VideoTrack(
            codec, _payload_number(payload_type), _attribute(block, "control") or "", session_control, _sprops(fmtp)
        )
    if not _attributes(block, "rtpmap"):
        offers.append("JPEG" if "26" in formats else "video without rtpmap")
    return None


def _payload_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 127:
        raise ProtocolError(f"RTP payload type {text[:10]!r}")
    return int(text)


def _attributes(lines: list[str], name: str) -> list[str]:
    start = f"a={name}:"
    return [line[len(start) :].strip() for line in lines if line.startswith(start)]


def _attribute(lines: list[str], name: str) -> str | None:
    return next(iter(_attributes(lines, name)), None)


def _format_parameters(block: list[str], payload_type: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for value in _attributes(block, "fmtp"):
        number, _, rest = value.partition(" ")
        if number == payload_type:
            for pair in rest.split(";"):
                key, _, text = pair.strip().partition("=")
                parameters[key.strip().lower()] = text.strip()
    return parameters


def _sprops(fmtp: dict[str, str]) -> tuple[bytes, ...]:
    """Unreadable ones are left out: the camera may still send them in-band."""
    found: list[bytes] = []
    for name in _SPROP_NAMES:
        for text in fmtp.get(name, "").split(","):
            try:
                nal = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue
            nal = nal.removeprefix(b"\x00").removeprefix(b"\x00\x00\x01")  # seen in the field: start codes inside
            if 2 < len(nal) <= _MAX_PARAMETER_SET_BYTES:
                found.append(nal)
    return tuple(found[:_MAX_PARAMETER_SETS])


def resolve_control(base_url: str, control: str) -> str:
    """The request URL of a track. By a relative control cameras mean "append", whatever RFC 3986 says.

    The result only goes into request lines on the connection that is open already, so a wrong host in it
    leads nowhere. Raises ProtocolError for characters no URL has.
    """
    if not _URL_CHARACTERS.fullmatch(control):
        raise ProtocolError("control attribute is no URL")
    if control in ("", "*"):
        return base_url
    try:
        if urlsplit(control).scheme.lower() in ("rtsp", "rtsps"):
            return control
        base = urlsplit(base_url)
    except ValueError as error:
        raise ProtocolError("control attribute is no URL") from error
    if control.startswith("/"):
        return f"{base.scheme}://{base.netloc}{control}"
    return base_url.rstrip("/") + "/" + control
