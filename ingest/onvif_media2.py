"""The ONVIF Media2 service (ver20/media), by prepared envelopes: the WSDL set of onvif-zeep does not have it.

Only here do H.265 profiles show.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from ingest.onvif_profiles import MAX_PROFILES, MediaProfile, profile_if_usable
from ingest.onvif_soap import Envelope, SoapFault, envelope, find, leaf, local_name, text_of

Ask = Callable[[Envelope], Element]
"""Sends a request to the camera's Media2 service and gives the content of its answer."""


def read_profiles(ask: Ask) -> list[MediaProfile]:
    """Profiles with an H.264 or H.265 encoder. Raises like `ask`."""
    answer = ask(envelope("<tr2:GetProfiles><tr2:Type>All</tr2:Type></tr2:GetProfiles>"))
    elements = [element for element in answer if local_name(element) == "Profiles"][:MAX_PROFILES]
    return [profile for profile in map(_profile, elements) if profile]


def stream_uri(ask: Ask, token: str) -> str:
    """`RTSP` means RTP inside the RTSP connection; a camera that does not know the word gives its unicast address."""
    try:
        return _uri(ask, "GetStreamUri", leaf("tr2:Protocol", "RTSP"), token)
    except SoapFault:
        return _uri(ask, "GetStreamUri", leaf("tr2:Protocol", "RtspUnicast"), token)


def snapshot_uri(ask: Ask, token: str) -> str:
    return _uri(ask, "GetSnapshotUri", "", token)


def synchronization_point(token: str) -> Envelope:
    """A request for a keyframe, now."""
    return envelope(f"<tr2:SetSynchronizationPoint>{leaf('tr2:ProfileToken', token)}</tr2:SetSynchronizationPoint>")


def _uri(ask: Ask, operation: str, arguments: str, token: str) -> str:
    request = envelope(f"<tr2:{operation}>{arguments}{leaf('tr2:ProfileToken', token)}</tr2:{operation}>")
    return text_of(ask(request), "Uri")


def _profile(element: Element) -> MediaProfile | None:
    encoder = find(element, "Configurations", "VideoEncoder")
    if encoder is None:
        return None
    return profile_if_usable(
        token=element.get("token"),
        name=text_of(element, "Name"),
        source=text_of(element, "Configurations", "VideoSource", "SourceToken"),
        encoding=text_of(encoder, "Encoding"),
        width=text_of(encoder, "Resolution", "Width"),
        height=text_of(encoder, "Resolution", "Height"),
        fps=text_of(encoder, "RateControl", "FrameRateLimit"),
        gop_frames=encoder.get("GovLength"),
        bitrate_kbps=text_of(encoder, "RateControl", "BitrateLimit"),
        has_ptz=find(element, "Configurations", "PTZ") is not None,
    )
