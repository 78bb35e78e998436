"""What a camera told about itself through ONVIF."""

from dataclasses import dataclass

from ingest.onvif_link import ClockSkew
from ingest.onvif_profiles import MediaProfile


@dataclass(frozen=True, slots=True)
class OnvifCamera:
    """A camera as it described itself just now. URLs are on the configured host and hold no credential.

    ptz_token: media profile for PTZ questions and moves; None when the head cannot turn. *_path: services on the
    configured host. skew: camera clock minus server clock; None when the camera did not tell its time.
    """

    main_url: str
    sub_url: str | None
    main: MediaProfile
    sub: MediaProfile | None
    ptz_token: str | None
    snapshot_url: str | None
    manufacturer: str
    model: str
    firmware: str
    serial: str
    skew: ClockSkew | None
    media_path: str
    ptz_path: str | None
    has_media2: bool
    profiles: tuple[MediaProfile, ...] = ()

    @property
    def main_token(self) -> str:
        return self.main.token

    @property
    def sub_token(self) -> str | None:
        return self.sub.token if self.sub else None

    @property
    def skew_ms(self) -> float | None:
        return self.skew.ms if self.skew else None
