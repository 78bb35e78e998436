"""Which of a camera's media profiles are main and sub. Pure.

ONVIF has no "substream": every profile is a video source with an encoder, and a VMS has to choose.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.onvif_soap import printable
from vms.errors import ProtocolError
from vms.units import Codec

MAX_PROFILES = 256
MAX_TOKEN_CHARS = 256
MAX_PIXELS_ACROSS = 32_768
MAX_NUMBER = 1e7
SUB_MAX_WIDTH_RATIO = 0.5
_CODECS: dict[str, Codec] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """One profile with a video encoder, as the camera *says* it is set; the stream itself may differ.

    fps, gop_s, bitrate_bps: 0 = not told. source: token of the video source it looks through.
    """

    token: str
    name: str
    source: str
    codec: Codec
    width: int
    height: int
    fps: float = 0.0
    gop_s: float = 0.0
    bitrate_bps: int = 0
    has_ptz: bool = False

    @property
    def pixels(self) -> int:
        return self.width * self.height


def choose_main_and_sub(profiles: Iterable[MediaProfile]) -> tuple[MediaProfile, MediaProfile | None]:
    """main: most pixels, the earlier of equals. sub: of the same source, the largest at most half as wide as main,
    otherwise the smallest one smaller than main; None without such. Raises ProtocolError when there is no profile.
    """
    found = list(profiles)
    if not found:
        raise ProtocolError("the camera has no media profile with H.264 or H.265 video; make one in the camera")
    main = max(found, key=lambda profile: profile.pixels)
    others = [profile for profile in found if profile.source == main.source and profile.pixels < main.pixels]
    small = [profile for profile in others if profile.width <= main.width * SUB_MAX_WIDTH_RATIO]
    if small:
        return main, max(small, key=lambda profile: profile.pixels)
    return main, min(others, key=lambda profile: profile.pixels, default=None)


def ptz_profile(profiles: Sequence[MediaProfile], main: MediaProfile) -> MediaProfile | None:
    """The profile to move and ask the head with: main if it can, else another of the same source."""
    able = [profile for profile in profiles if profile.has_ptz and profile.source == main.source]
    return next((profile for profile in able if profile.token == main.token), able[0] if able else None)


def profile_if_usable(
    *,
    token: object,
    name: object,
    source: object,
    encoding: object,
    width: object,
    height: object,
    fps: object,
    gop_frames: object,
    bitrate_kbps: object,
    has_ptz: bool,
) -> MediaProfile | None:
    """The values as the camera told them, unchecked. None for another codec, and for a nonsensical profile: one of
    those, often an unused one, must not cost the camera."""
    codec = _CODECS.get(str(encoding).upper().replace(".", "").replace("-", ""))
    size = _number(width), _number(height)
    if codec is None or not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN_CHARS:
        return None
    if not all(1 <= side <= MAX_PIXELS_ACROSS for side in size):
        return None
    frames_per_s = _number(fps)
    return MediaProfile(
        token=token,
        name=printable(str(name or "")),
        source=str(source or "")[:MAX_TOKEN_CHARS],
        codec=codec,
        width=round(size[0]),
        height=round(size[1]),
        fps=frames_per_s,
        gop_s=_number(gop_frames) / frames_per_s if frames_per_s > 0 else 0.0,
        bitrate_bps=round(_number(bitrate_kbps) * 1000),
        has_ptz=has_ptz,
    )


def _number(told: object) -> float:
    """0 for what is absent or no sensible number."""
    try:
        number = float(str(told))
    except ValueError:
        return 0.0
    return number if math.isfinite(number) and 0 <= number <= MAX_NUMBER else 0.0
