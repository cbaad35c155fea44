"""What the gateway counts: every request under the route it met, so that labels stay bounded."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)
#: nginx's word for a client that went away before its answer began.
CLIENT_LEFT = "499"


class Meters:
    """What the gateway counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "aether_gateway_requests", "Requests answered.", ["route", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "aether_gateway_request_seconds", "From request to the end of its answer.", ["route"],
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.open = Gauge("aether_gateway_open_requests", "Under way.", registry=self.registry)
        self.waiting = Gauge(
            "aether_gateway_waiting_runs", "Whose answer is waited for.", registry=self.registry
        )


class Metered:
    """Counts every request under the route it met, so that labels stay bounded."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and take its time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = "500", time.perf_counter()

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        self._meters.open.inc()
        try:
            await self._app(scope, receive, sent)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._meters.open.dec()
            self._meters.requests.labels(route, status).inc()
            self._meters.seconds.labels(route).observe(time.perf_counter() - began)
