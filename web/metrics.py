"""Prometheus: cameras, recording, viewers, disks, and what HTTP did. One registry per application."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vms.clock import Clock
from web.camera_state import CameraState
from web.status_board import StatusBoard

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    """Counters that requests add to, and what the board knows at the moment of the scrape."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "uitkijk_http_requests",
            "Requests by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "uitkijk_http_seconds",
            "Time until the answer's last byte.",
            ["route"],
            registry=self.registry,
            buckets=_SECONDS,
        )

    def watch(self, board: StatusBoard) -> None:
        self.registry.register(_Board(board))

    def text(self) -> bytes:
        """Blocking (asks the disks): call in a worker thread."""
        return generate_latest(self.registry)


class _Board(Collector):
    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterable[GaugeMetricFamily]:
        states = self._board.cameras()
        yield _per_camera("uitkijk_camera_up", "1 while the main stream delivers pictures.", states, _is_up)
        yield _per_camera("uitkijk_camera_recording", "1 while every recorded stream is written.", states, _records)
        yield _per_camera("uitkijk_camera_mask_fault", "1 while masks cannot be trusted.", states, _mask_fault)
        yield GaugeMetricFamily("uitkijk_viewers", "Live sessions.", value=self._board.viewers)
        yield GaugeMetricFamily("uitkijk_live_up", "1 while the live process answers.", value=self._board.live_answers)
        free = GaugeMetricFamily("uitkijk_disk_free_bytes", "Free space of a volume.", labels=["path"])
        total = GaugeMetricFamily("uitkijk_disk_total_bytes", "Size of a volume.", labels=["path"])
        for disk in self._board.disks():
            free.add_metric([disk["path"]], disk["free_bytes"])
            total.add_metric([disk["path"]], disk["total_bytes"])
        yield free
        yield total


def _is_up(state: CameraState) -> bool:
    return state.source == "up"


def _records(state: CameraState) -> bool:
    return state.rec == "on"


def _mask_fault(state: CameraState) -> bool:
    return state.mask == "fault"


def _per_camera(
    name: str, text: str, states: Mapping[str, CameraState], test: Callable[[CameraState], bool]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["camera"])
    for camera_id, state in states.items():
        family.add_metric([camera_id], test(state))
    return family


class CountRequests:
    """ASGI layer: one count per request, under its route's template (never the address: that is unbounded)."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began_s = self._clock.monotonic_s()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(_method(scope["method"]), route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(self._clock.monotonic_s() - began_s)


def _method(method: str) -> str:
    """A client may invent methods; labels must stay few."""
    return method if method in ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS") else "other"
