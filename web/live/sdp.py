"""Offers and answers as text: what is refused, dropped and added around aiortc's own SDP."""

import re
from itertools import pairwise

from aiortc.sdp import H264Profile, parse_h264_profile_level_id

MAX_OFFER_BYTES = 64 * 1024
MAX_CANDIDATES = 32
_CANDIDATE = re.compile(r"^a=candidate:\S+ \d+ (?P<transport>\S+) \d+ (?P<host>\S+) \d+ typ ")
_H264 = re.compile(r"^a=rtpmap:(\d+) H264/90000$", re.IGNORECASE)
_MODE_1 = re.compile(r"[ ;]packetization-mode=1(;|$)")
_LEVEL = re.compile(r"[ ;]profile-level-id=([0-9a-fA-F]{6})(;|$)")
_PROFILES = frozenset({H264Profile.PROFILE_CONSTRAINED_BASELINE, H264Profile.PROFILE_BASELINE})


class OfferRefused(ValueError):
    """The offer cannot be answered; the text says why (HTTP 422)."""


class NotAnOffer(OfferRefused):
    """What came is no SDP (HTTP 400)."""


class NoH264(OfferRefused):
    """The viewer cannot show what cameras send (HTTP 406)."""


class IceRestartRefused(OfferRefused):
    """We trickle; a connection that broke is opened anew (HTTP 422, the draft's answer of who does one of both)."""


def usable_offer(offer: str) -> str:
    """Without candidates that only cost time: mDNS names (a second of waiting each) and TCP. Raises OfferRefused."""
    if len(offer.encode()) > MAX_OFFER_BYTES:
        raise OfferRefused(f"the offer is larger than {MAX_OFFER_BYTES} bytes")
    lines = [line.strip() for line in offer.replace("\r\n", "\n").strip().split("\n")]
    if lines[0] != "v=0":
        raise NotAnOffer("the body is no SDP offer")
    _check_media(lines)
    kept = [line for line in lines if not line.startswith("a=candidate:") or is_usable_candidate(line)]
    if sum(line.startswith("a=candidate:") for line in kept) > MAX_CANDIDATES:
        raise OfferRefused("too many candidates")
    return "\r\n".join(kept) + "\r\n"


def _check_media(lines: list[str]) -> None:
    """One video that is to be received; players that offer audio too are told that there is none."""
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")] + [len(lines)]
    media = [lines[start:end] for start, end in pairwise(starts)]
    kinds = sorted(section[0].split(" ")[0] for section in media)
    if kinds not in (["m=video"], ["m=audio", "m=video"]):
        raise OfferRefused("offer one video, and at most one audio beside it")
    video = next(section for section in media if section[0].startswith("m=video "))
    if not {"a=sendonly", "a=inactive"}.isdisjoint(video):
        raise OfferRefused("the offer must want to receive video (a=recvonly)")
    numbers = {match[1] for line in video if (match := _H264.match(line))}
    formats = [line for line in video for number in numbers if line.startswith(f"a=fmtp:{number} ")]
    usable = [line for line in formats if _MODE_1.search(line)]
    if not usable:
        raise NoH264("the offer has no H.264 (packetization-mode 1): this player cannot show the cameras")
    if not any(_is_baseline(line) for line in usable):
        raise NoH264(
            "the offer has H.264 in other profiles only: this player must offer (constrained) baseline, 42e01f"
        )


def _is_baseline(fmtp: str) -> bool:
    """Players that do not name a profile mean constrained baseline."""
    match = _LEVEL.search(fmtp)
    if match is None:
        return True
    try:
        profile, _ = parse_h264_profile_level_id(match[1])
    except ValueError:
        return False
    return profile in _PROFILES


def is_usable_candidate(line: str) -> bool:
    match = _CANDIDATE.match(line)
    return match is not None and match["transport"].lower() == "udp" and not match["host"].endswith(".local")


def fragment_candidates(fragment: str) -> list[str]:
    """Usable `candidate:…` values of a trickle fragment, without the `a=`. Raises OfferRefused for too many."""
    if len(fragment.encode()) > MAX_OFFER_BYTES:
        raise OfferRefused("the fragment is too large")
    lines = fragment.replace("\r\n", "\n").split("\n")
    found = [line[2:].strip() for line in lines if line.startswith("a=candidate:") and is_usable_candidate(line)]
    if len(found) > MAX_CANDIDATES:
        raise OfferRefused("too many candidates")
    return found


def ice_ufrag(sdp: str) -> str | None:
    match = re.search(r"^a=ice-ufrag:(\S+)\s*$", sdp, re.MULTILINE)
    return match[1] if match else None


def finished_answer(answer: str) -> str:
    """RTCP goes with the RTP; all our candidates are in, and the viewer's may still come."""
    lines = answer.replace("\r\n", "\n").rstrip("\n").split("\n")
    if "a=rtcp-mux" in lines:
        lines.insert(lines.index("a=rtcp-mux") + 1, "a=rtcp-mux-only")
    lines.insert(lines.index("t=0 0") + 1, "a=ice-options:trickle")
    return "\r\n".join(lines) + "\r\n"
