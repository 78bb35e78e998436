"""Where the masked pictures of an export come from: always the one painter, in `live` or on its own. Blocking."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import httpx

from vms.errors import FootageExpired, FootageMissing, Refused, StorageError
from vms.rules.live_shards import shard_of
from vms.units import Profile

Pictures = Literal["painted", "original", "lifted"]

_TIMEOUT = httpx.Timeout(60.0, connect=2.0)
_MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RenderedClip:
    """chunks: of an MP4 whose time 0 is start_us.

    original: the camera's own pictures, since no mask is needed. lifted: the same, since its masks were lifted.
    """

    chunks: Iterator[bytes]
    start_us: int
    pictures: Pictures


class ClipSource(Protocol):
    def clip(
        self, camera_id: str, profile: Profile, from_us: int, to_us: int, watermark: str, lift: int | None
    ) -> AbstractContextManager[RenderedClip]:
        """lift: the request that lifts this camera's masks, for whoever paints to check.

        Raises FootageExpired, FootageMissing, StorageError; also while it is read.
        """


class LiveBusy(StorageError):
    """`live` renders as much as it can, or restarts: the same is worth asking again."""


class LiveClips:
    """Asks the live process that serves the camera, over its unix socket. sockets: in the order of their shards."""

    def __init__(self, sockets: Sequence[Path]) -> None:
        self._sockets = sockets

    @contextmanager
    def clip(
        self, camera_id: str, profile: Profile, from_us: int, to_us: int, watermark: str, lift: int | None
    ) -> Iterator[RenderedClip]:
        asked: dict[str, str | int] = {
            "camera": camera_id, "profile": profile, "from_us": from_us, "to_us": to_us,
            "use": "evidence", "watermark": watermark,
        }  # fmt: skip
        asked |= {} if lift is None else {"lift": lift}
        socket = self._sockets[shard_of(camera_id, len(self._sockets))]
        transport = httpx.HTTPTransport(uds=str(socket))
        try:
            with (
                httpx.Client(transport=transport, base_url="http://live", timeout=_TIMEOUT, trust_env=False) as client,
                client.stream("GET", "/clip", params=asked) as response,
            ):
                _check(response)
                yield RenderedClip(
                    response.iter_raw(),
                    int(response.headers.get("x-clip-start-us", from_us)),
                    _pictures(response.headers.get("x-clip-kind", "")),
                )
        except httpx.HTTPError as error:
            raise LiveBusy(f"the live process broke off: {type(error).__name__}") from error


def _pictures(kind: str) -> Pictures:
    if kind == "lifted":
        return "lifted"
    return "original" if kind == "original" else "painted"


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
    if response.status_code == 422:
        raise Refused(f"the live process refused: {detail[:300]}")
    raise StorageError(f"the live process refused: {response.status_code} {detail[:200]}")
