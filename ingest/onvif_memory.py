"""What a camera told about itself, kept on disk, so that after a restart recording starts without asking it first.

A file holds no credential: OnvifCamera's URLs have none. It counts only for the host and port it was asked at, and the
camera is asked again once recording runs. Removing the files costs nothing but that question.
"""

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint, http_url, stream_url
from vms.errors import ProtocolError

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Remembered:
    authority: str
    camera: OnvifCamera


def remember(file: Path, endpoint: OnvifEndpoint, camera: OnvifCamera) -> None:
    """Without its clock, which moves. Raises OSError."""
    content = _adapter().dump_json(_Remembered(endpoint.authority, replace(camera, skew=None)))
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    new.rename(file)


def recall(file: Path, endpoint: OnvifEndpoint) -> OnvifCamera | None:
    """None when there is nothing, when it is damaged, and when it was told at another address."""
    with contextlib.suppress(OSError, ValidationError, ProtocolError):
        with file.open("rb") as opened:
            remembered = _adapter().validate_json(opened.read(_MAX_BYTES))
        if remembered.authority == endpoint.authority:
            _check_addresses(remembered.camera, endpoint)
            return remembered.camera
    return None


def _check_addresses(camera: OnvifCamera, endpoint: OnvifEndpoint) -> None:
    """Raises ForeignAddress, as for an answer of the camera."""
    for url in (camera.main_url, camera.sub_url):
        if url is not None:
            stream_url(url, endpoint)
    if camera.snapshot_url is not None:
        http_url(camera.snapshot_url, endpoint)


def _adapter() -> TypeAdapter[_Remembered]:
    return TypeAdapter(_Remembered)
