"""Offers and answers as text: what is refused, dropped and added around aiortc's own SDP."""

import re

MAX_OFFER_BYTES = 64 * 1024
MAX_CANDIDATES = 32
_CANDIDATE = re.compile(r"^a=candidate:\S+ \d+ (?P<transport>\S+) \d+ (?P<host>\S+) \d+ typ ")
_H264 = re.compile(r"^a=rtpmap:\d+ H264/90000\s*$", re.MULTILINE | re.IGNORECASE)


class OfferRefused(ValueError):
    """The offer cannot be answered; the text says why (HTTP 422)."""


def usable_offer(offer: str) -> str:
    """Without candidates that only cost time: mDNS names (a second of waiting each) and TCP. Raises OfferRefused."""
    if len(offer.encode()) > MAX_OFFER_BYTES:
        raise OfferRefused(f"the offer is larger than {MAX_OFFER_BYTES} bytes")
    lines = offer.replace("\r\n", "\n").strip().split("\n")
    if lines[0].strip() != "v=0":
        raise OfferRefused("the body is no SDP offer")
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not media[0].startswith("m=video "):
        raise OfferRefused("offer exactly one video and nothing else")
    if not _H264.search("\n".join(lines)):
        raise OfferRefused("the offer has no H.264: this browser cannot show the cameras")
    kept = [line for line in lines if not line.startswith("a=candidate:") or is_usable_candidate(line)]
    if sum(line.startswith("a=candidate:") for line in kept) > MAX_CANDIDATES:
        raise OfferRefused("too many candidates")
    return "\r\n".join(kept) + "\r\n"


def is_usable_candidate(line: str) -> bool:
    match = _CANDIDATE.match(line)
    return match is not None and match["transport"].lower() == "udp" and not match["host"].endswith(".local")


def fragment_candidates(fragment: str) -> list[str]:
    """Usable `candidate:…` values of a trickle fragment, without the `a=`. Raises OfferRefused for an ICE restart
    or too many."""
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
    """RTCP goes with the RTP, and all candidates are in."""
    lines = answer.replace("\r\n", "\n").rstrip("\n").split("\n")
    if "a=rtcp-mux" in lines:
        lines.insert(lines.index("a=rtcp-mux") + 1, "a=rtcp-mux-only")
    return "\r\n".join(lines) + "\r\n"
