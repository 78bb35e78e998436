"""Where the masked pictures of an export come from: always the one painter, in `live` or on its own. Blocking."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from vms.errors import FootageExpired, FootageMissing, StorageError
from vms.units import Profile

_TIMEOUT = httpx.Timeout(60.0, connect=2.0)
_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RenderedClip:
    """chunks: of an MP4 whose time 0 is start_us. is_original: the camera's own pictures, since no mask is needed."""

    chunks: Iterator[bytes]
    start_us: int
    is_original: bool


class ClipSource(Protocol):
    def clip(
        self, camera_id: str, profile: Profile, from_us: int, to_us: int, watermark: str
    ) -> AbstractContextManager[RenderedClip]:
        """Raises FootageExpired, FootageMissing, StorageError; also while it is read."""


class LiveBusy(StorageError):
    """`live` renders as much as it can, or restarts: the same is worth asking again."""


class LiveClips:
    """Asks the live process over its unix socket. One thread."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @contextmanager
    def clip(
        self, camera_id: str, profile: Profile, from_us: int, to_us: int, watermark: str
    ) -> Iterator[RenderedClip]:
        asked: dict[str, str | int] = {
            "camera": camera_id, "profile": profile, "from_us": from_us, "to_us": to_us,
            "use": "evidence", "watermark": watermark,
        }  # fmt: skip
        transport = httpx.HTTPTransport(uds=str(self._socket))
        try:
            with (
                httpx.Client(transport=transport, base_url="http://live", timeout=_TIMEOUT, trust_env=False) as client,
                client.stream("GET", "/clip", params=asked) as response,
            ):
                _check(response)
                yield RenderedClip(
                    response.iter_raw(),
                    int(response.headers.get("x-clip-start-us", from_us)),
                    response.headers.get("x-clip-kind") == "original",
                )
        except httpx.HTTPError as error:
            raise LiveBusy(f"the live process broke off: {type(error).__name__}") from error


def _check(response: httpx.Response) -> None:
    if response.status_code < 400:
        return
    detail = response.read()[:_MAX_ANSWER_BYTES].decode("utf-8", "replace")
    if response.status_code == 410:
        raise FootageExpired("the retention period of this footage is over")
    if response.status_code == 404:
        raise FootageMissing("no footage in this interval")
    if response.status_code == 503:
        raise LiveBusy("the live process is busy")
    raise StorageError(f"the live process refused: {response.status_code} {detail[:200]}")
