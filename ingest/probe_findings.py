"""What is wrong with a camera and how to put it right, in Dutch and English. Pure."""

from dataclasses import dataclass
from typing import Literal

from vms.units import Profile

MAX_GOP_S = 4.0
"""A longer GOP makes a viewer wait, and a segment boundary wander, by as much."""
MAX_SKEW_MS = 1000.0
"""Beyond this the times in evidence need explaining."""

Severity = Literal["fault", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Problem:
    """severity: fault = not usable so; warning = works, but mend it; info = good to know."""

    code: str
    severity: Severity
    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream as measured. url: without credentials. error: why nothing could be measured; "" = it was.

    gop_s: 0 = fewer than two keyframes came in measured_s seconds. has_b_frames: pictures came out of their order.
    skew_ms: camera clock minus server clock by its sender reports; None without them.
    """

    profile: Profile
    url: str
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    gop_s: float = 0.0
    bitrate_bps: int = 0
    lost_packets: int = 0
    has_b_frames: bool = False
    skew_ms: float | None = None
    measured_s: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """ptz: none = does not turn; ok = tells its position; fault = turns, but does not tell it (ptz_detail says why).

    error: why the camera could not be asked at all; "" = it could. onvif: asked through ONVIF, not only RTSP.
    """

    onvif: bool
    streams: tuple[StreamFacts, ...] = ()
    skew_ms: float | None = None
    has_media2: bool = True
    ptz: Literal["none", "ok", "fault"] = "none"
    ptz_detail: str = ""
    error: str = ""


def find_problems(camera: CameraFacts) -> list[Problem]:
    if camera.error:
        return [
            Problem(
                "unreachable",
                "fault",
                f"De camera antwoordt niet bruikbaar: {camera.error}. Controleer adres, poort, account en firewall.",
                f"No usable answer from the camera: {camera.error}. Check address, port, account and firewall.",
            )
        ]
    found = [problem for stream in camera.streams for problem in _of_stream(stream)]
    return [*found, *_of_camera(camera)]


def _of_camera(camera: CameraFacts) -> list[Problem]:
    found = []
    if camera.onvif and not any(stream.profile == "sub" for stream in camera.streams):
        found.append(
            Problem(
                "no_substream",
                "warning",
                "Er is geen tweede, kleiner beeld. Voeg in de camera een mediaprofiel toe van ongeveer 640×360 op "
                "dezelfde beeldbron; zonder dat kost elke tegel op de wand het volle beeld.",
                "There is no second, smaller stream. Add a media profile of about 640×360 on the same video source "
                "in the camera; without it every tile of the wall costs the full picture.",
            )
        )
    if camera.skew_ms is not None and abs(camera.skew_ms) > MAX_SKEW_MS:
        seconds = f"{camera.skew_ms / 1000:+.1f}"
        found.append(
            Problem(
                "clock_skew",
                "warning",
                f"De klok van de camera wijkt {seconds} s af van de server. Stel NTP en de tijdzone in de camera in.",
                f"The camera's clock is {seconds} s off the server's. Set NTP and the time zone in the camera.",
            )
        )
    if camera.ptz == "fault":
        found.append(
            Problem(
                "no_ptz_status",
                "fault",
                f"De camera draait, maar meldt niet waarheen ({camera.ptz_detail}). Maskers draaien dan niet mee: "
                "het beeld blijft afgedekt. Zet PTZ-status aan of vernieuw de firmware.",
                f"The camera turns but does not tell where to ({camera.ptz_detail}). Masks cannot turn with it: the "
                "picture stays covered. Switch PTZ status on, or update the firmware.",
            )
        )
    if camera.onvif and not camera.has_media2:
        found.append(
            Problem(
                "no_media2",
                "info",
                "De camera kent alleen ONVIF Profile S (geen Media2). Dat werkt, maar dat profiel loopt in 2027 af.",
                "The camera knows ONVIF Profile S only (no Media2). That works, but that profile ends in 2027.",
            )
        )
    return found


def _of_stream(stream: StreamFacts) -> list[Problem]:
    if stream.error:
        return [
            Problem(
                "no_video",
                "fault",
                f"{stream.profile}: geen beeld: {stream.error}.",
                f"{stream.profile}: no video: {stream.error}.",
            )
        ]
    found = []
    if stream.codec == "h265":
        found.append(
            Problem(
                "h265",
                "info",
                f"{stream.profile}: H.265 wordt opgenomen zoals het is en voor live omgezet; dat kost rekenkracht. "
                "Zet het kleine beeld zo mogelijk op H.264.",
                f"{stream.profile}: H.265 is recorded as it is and transcoded for live, which costs processor time. "
                "Set the substream to H.264 where possible.",
            )
        )
    found += _of_gop(stream)
    if stream.has_b_frames:
        found.append(
            Problem(
                "b_frames",
                "warning",
                f"{stream.profile}: het beeld heeft B-frames; browsers tonen dat live niet. Zet ze in de camera uit "
                "(of kies profiel Baseline).",
                f"{stream.profile}: the stream has B-frames, which browsers do not show live. Switch them off in the "
                "camera (or choose the Baseline profile).",
            )
        )
    if stream.lost_packets:
        found.append(
            Problem(
                "packet_loss",
                "warning",
                f"{stream.profile}: {stream.lost_packets} pakketten kwijt in {stream.measured_s:.0f} s. Controleer "
                "kabel, switch en bandbreedte.",
                f"{stream.profile}: {stream.lost_packets} packets lost in {stream.measured_s:.0f} s. Check cable, "
                "switch and bandwidth.",
            )
        )
    return found


def _of_gop(stream: StreamFacts) -> list[Problem]:
    if 0 < stream.gop_s <= MAX_GOP_S:
        return []
    if not stream.gop_s and stream.measured_s <= MAX_GOP_S:
        return []
    nl, en = (
        (f"elke {stream.gop_s:.1f} s", f"every {stream.gop_s:.1f} s")
        if stream.gop_s
        else (f"minder dan eens per {stream.measured_s:.0f} s", f"less than once in {stream.measured_s:.0f} s")
    )
    return [
        Problem(
            "long_gop",
            "warning",
            f"{stream.profile}: {nl} een keyframe. Zet het interval (GOP, I-frame interval) in de camera op 2 s en "
            "schakel 'smart' of dynamische GOP uit.",
            f"{stream.profile}: a keyframe {en}. Set the interval (GOP, I-frame interval) in the camera to 2 s and "
            "switch 'smart' or dynamic GOP off.",
        )
    ]
