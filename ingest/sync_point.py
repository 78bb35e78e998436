"""A keyframe, now: what a stream that has just begun would else wait for, up to a whole group of pictures."""

from ingest import onvif_media2, ptz_messages
from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_link import OnvifLink
from ingest.onvif_soap import Envelope
from vms.clock import Clock
from vms.units import Profile

TIMEOUT_S = 2.0


def _sync_point_request(camera: OnvifCamera, profile: Profile) -> Envelope | None:
    """None when the camera has no such stream."""
    token = camera.main_token if profile == "main" else camera.sub_token
    if token is None:
        return None
    if camera.has_media2:
        return onvif_media2.synchronization_point(token)
    return ptz_messages.synchronization_point_media1(token)


def ask_keyframe(endpoint: OnvifEndpoint, camera: OnvifCamera, profile: Profile, clock: Clock) -> bool:
    """On a connection of its own. Blocks for at most TIMEOUT_S. False: no such stream. Raises CameraError."""
    request = _sync_point_request(camera, profile)
    if request is None:
        return False
    link = OnvifLink(endpoint, clock, camera.skew)
    try:
        link.ask(camera.media_path, request, TIMEOUT_S)
    finally:
        link.close()
    return True
