"""Where a camera's streams are: as configured, or as its ONVIF service says, now or before the last restart."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from ingest.onvif_camera import OnvifCamera
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_memory import recall, remember
from ingest.onvif_resolver import CameraResolver
from ingest.source import StreamSource
from ingest.sync_point import ask_keyframe
from vms.clock import Clock
from vms.config import Camera, read_secret
from vms.errors import CameraUnauthorized, CameraUnreachable, ConfigError
from vms.units import CameraId, Profile

log = logging.getLogger(__name__)

WANTED_PERIOD_S = 1.0
"""More often than this a camera is not asked for a keyframe of the same stream."""


def _secret(path: Path | None) -> str:
    """Raises CameraUnauthorized, so that a missing password file is this camera's trouble only."""
    try:
        return read_secret(path)
    except ConfigError as error:
        raise CameraUnauthorized(str(error)) from error


class CameraSources:
    """Any thread; the camera is asked once for all who want to know.

    What it told before a restart (in memory_dir) counts until it is asked again: `confirm`, or a stream that is lost.
    """

    def __init__(
        self, camera: Camera, clock: Clock, memory_dir: Path, on_resolved: Callable[[OnvifCamera], None]
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._memory = memory_dir / f"{camera.id}.json"
        self._on_resolved = on_resolved
        self._used: dict[Profile, str] = {}
        self._lock = threading.Lock()
        self._wanted_s: dict[Profile, float] = {}
        self._resolver = CameraResolver(self._ask, clock, self._recall())

    def endpoint(self) -> OnvifEndpoint:
        """Raises CameraUnauthorized."""
        onvif = self._camera.onvif
        if onvif is None:
            raise CameraUnreachable("no onvif host configured")
        return OnvifEndpoint(onvif.host, onvif.port, onvif.username, _secret(onvif.password_file))

    def onvif_camera(self) -> OnvifCamera:
        """Blocks for as long as the camera takes. Raises CameraError."""
        return self._resolver.camera()

    @property
    def remembered(self) -> OnvifCamera | None:
        """From before the restart, and not confirmed yet."""
        return self._resolver.remembered

    def confirm(self) -> list[Profile]:
        """Ask the camera whether what was remembered is still so: the streams that are elsewhere now.

        Blocks for as long as the camera takes. Raises CameraError.
        """
        found = self._resolver.confirm()
        urls: dict[Profile, str | None] = {"main": found.main_url, "sub": found.sub_url}
        return [profile for profile, url in self._used.copy().items() if url != urls[profile]]

    def forget(self) -> None:
        """The stream was lost: ask again before the next attempt, the address may have changed."""
        self._resolver.forget()

    def ask_keyframe(self, profile: Profile) -> bool:
        """False: the camera did not tell where. Blocks for at most two seconds. Raises CameraError."""
        camera = self._resolver.known
        if self._camera.onvif is None or camera is None:
            return False
        return ask_keyframe(self.endpoint(), camera, profile, self._clock)

    def want_keyframe(self, profile: Profile) -> bool:
        """The same for viewers, who come in crowds. False: asked a moment ago already, too."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            if now_s < self._wanted_s.get(profile, float("-inf")) + WANTED_PERIOD_S:
                return False
            self._wanted_s[profile] = now_s
        return self.ask_keyframe(profile)

    def stream(self, profile: Profile) -> StreamSource:
        """Raises CameraError."""
        camera = self._camera
        url = camera.main if profile == "main" else camera.sub
        if url is None:
            found = self.onvif_camera()
            url = found.main_url if profile == "main" else found.sub_url
            if url is None:
                raise CameraUnreachable("the camera offers no second stream any more")
            self._used[profile] = url
        username, password_file = camera.username, camera.password_file
        if camera.onvif is not None and not username:
            username, password_file = camera.onvif.username, camera.onvif.password_file
        return StreamSource(
            CameraId(camera.id),
            profile,
            url,
            username,
            _secret(password_file),
            transport=camera.transport,
            ca_file=camera.tls_ca_file,
        )

    def _ask(self) -> OnvifCamera:
        from ingest.onvif_client import resolve_camera  # here: zeep takes longer to import than the rest of a recorder

        endpoint = self.endpoint()
        found = resolve_camera(endpoint, clock=self._clock)
        try:
            remember(self._memory, endpoint, found)
        except OSError as error:
            log.warning("camera_not_remembered", extra={"camera": self._camera.id, "detail": str(error)})
        self._on_resolved(found)
        return found

    def _recall(self) -> OnvifCamera | None:
        onvif = self._camera.onvif
        return None if onvif is None else recall(self._memory, OnvifEndpoint(onvif.host, onvif.port))
