"""The gateway's composition: doors, the log behind them, health and metrics."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.capabilities import Capabilities
from gateway.errors import ApiError
from gateway.openai_api import OpenAI
from gateway.runs import Runs
from gateway.sender import Sender
from streams.io.archive.log import ArchivedLog
from streams.io.kafka.log import DOOR, KafkaLog
from streams.io.settings import Settings
from streams.io.stores import open_store
from streams.io.wire import Wire

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120)


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


class Health:
    """Whether the process lives, and whether its doors lead anywhere."""

    def __init__(self, sender: Sender, runs: Runs, meters: Meters) -> None:
        self._sender = sender
        self._runs = runs
        self._meters = meters
        self.routes = [
            Route("/livez", self.live),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def live(self, _: Request) -> Response:
        """Answer as long as the process can."""
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        """Say whether requests can be taken; with `?verbose`, what each dependency says."""
        checks = {
            "kafka": self._sender.away or "ok",
            "runs": "ok" if self._runs.following else "not followed yet",
        }
        good = all(said == "ok" for said in checks.values())
        status = 200 if good else 503
        if "verbose" in request.query_params:
            return JSONResponse({"ready": good, "checks": checks}, status)
        return PlainTextResponse("ok\n" if good else "not ready\n", status)

    async def metrics(self, _: Request) -> Response:
        """Return everything that is counted, for Prometheus."""
        return Response(generate_latest(self._meters.registry), media_type=CONTENT_TYPE_LATEST)


def build(settings: Settings, wire: Wire) -> Starlette:
    """Put the gateway together; nothing is opened before it starts."""
    options = settings.kafka_options
    reading = KafkaLog(settings.bootstrap, options=options)
    sender = Sender(KafkaLog(settings.bootstrap, DOOR, options), wire)
    whole = ArchivedLog(reading, wire, open_store(settings))
    runs, capabilities = Runs(reading, wire), Capabilities(whole, wire)
    meters = Meters()
    doors = OpenAI(
        sender, runs, capabilities, settings.gateway.timeout_s, settings.gateway.body_bytes_max
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sender.start()
        runs.start()
        capabilities.start()
        try:
            yield
        finally:
            capabilities.close()
            await runs.close()
            await sender.close()

    return Starlette(
        routes=[*Health(sender, runs, meters).routes, *doors.routes],
        exception_handlers={ApiError: _answered, 404: _not_found, 405: _not_allowed},
        middleware=[Middleware(Metered, meters=meters)],
        lifespan=lifespan,
    )


async def _answered(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _not_found(request: Request, _: Exception) -> Response:
    message = f"there is nothing at {request.url.path}"
    return ApiError(404, "invalid_request_error", "not_found", message).response()


async def _not_allowed(request: Request, _: Exception) -> Response:
    message = f"{request.method} is not for {request.url.path}"
    return ApiError(405, "invalid_request_error", "method_not_allowed", message).response()
