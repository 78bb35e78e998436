"""Prometheus: one registry per application, with what HTTP did and what the site knows at the moment of the scrape."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vms.clock import Clock

_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    """Counters that requests add to, and collectors that look when they are asked."""

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

    def watch(self, *collectors: Collector) -> None:
        for collector in collectors:
            self.registry.register(collector)

    def text(self) -> bytes:
        """Blocking (asks disks and database): call in a worker thread."""
        return generate_latest(self.registry)


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
