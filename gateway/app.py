"""The gateway's composition: doors, the log behind them, health and metrics."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.addressed import Addressed
from gateway.api.catalog import Catalog
from gateway.api.events import Events
from gateway.api.idempotency import Idempotency
from gateway.api.live import Reading
from gateway.api.retelling import Retelling, Retold
from gateway.api.runs import RunHistory
from gateway.asking import Asking
from gateway.board import Board
from gateway.body import Bodies
from gateway.burrow import Burrow
from gateway.capabilities import Capabilities
from gateway.console import Console
from gateway.described.api import ROUTES as DESCRIPTIONS
from gateway.embeddings import Embeddings
from gateway.errors import ApiError, away
from gateway.feedback import Feedback
from gateway.identified import REQUEST_ID, Identified, run_of
from gateway.lag import Lag, lag_shown
from gateway.mcp_server import Mcp, Tools
from gateway.meters import CLIENT_LEFT, Metered, Meters
from gateway.openai_api import OpenAI
from gateway.responses.api import Responses
from gateway.responses.stored import Hidden, Stored
from gateway.runs import Runs
from gateway.sender import Doorstep, Sender
from streams.errors import Transient
from streams.io.kafka.log import DOOR, KafkaLog
from streams.io.run_index.index import open_database
from streams.io.run_index.log import IndexedLog
from streams.io.sections import Gateway
from streams.io.settings import Settings
from streams.io.stores import open_store
from streams.io.wire import Wire
from streams.log import EventLog


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


def build(settings: Settings, wire: Wire, retelling: Retelling | None = None) -> Starlette:
    """Put the gateway together on Kafka; nothing is opened before it starts."""
    options = settings.kafka_options
    live = KafkaLog(settings.bootstrap, options=options)
    reading = IndexedLog(live, wire, open_store(settings), open_database(settings))
    writing = KafkaLog(settings.bootstrap, DOOR, options)
    return assemble(settings.gateway, wire, reading, writing, retelling)


def assemble(
    settings: Gateway,
    wire: Wire,
    reading: EventLog,
    writing: Doorstep,
    retelling: Retelling | None = None,
) -> Starlette:
    """Put the gateway together on two clients of a log; `retelling` is what decides again."""
    sender, meters = Sender(writing, wire), Meters()
    runs, capabilities = Runs(reading, wire), Capabilities(reading, wire)
    board, hidden = Board(reading, wire), Hidden(reading, wire)
    meters.waiting.set_function(lambda: runs.open)
    bodies = Bodies(settings.body_bytes_max, settings.body_timeout_s)
    followed = [capabilities.followed, hidden.followed]
    asking = Asking(sender, runs, settings.timeout_s)
    events, answers = Reading(reading, wire), Idempotency()
    agents = Mcp(Tools(events, sender, lambda: lag_shown(board.known)))
    routes = [
        *Health(sender, runs, meters).routes,
        *OpenAI(asking, capabilities, bodies).routes,
        *Embeddings(asking, bodies).routes,
        *Responses(asking, Stored(events, hidden), hidden, bodies).routes,
        *Feedback(sender, answers, bodies).routes,
        *Events(sender, wire, events, answers, bodies).routes,
        *RunHistory(wire, events).routes,
        *Catalog(events).routes,
        *(Retold(retelling, events, answers, bodies).routes if retelling else ()),
        *DESCRIPTIONS,
        *agents.routes,
        *Lag(board).routes,
        *Burrow(board, wire.node).routes,
        *Console(settings.console).routes,
    ]
    return Starlette(
        routes=routes,
        exception_handlers=_errors(),
        middleware=_middleware(settings, meters),
        lifespan=_lifespan(
            (sender, runs, *followed, board), (agents, board, events, *followed, runs, sender)
        ),
    )


def _middleware(settings: Gateway, meters: Meters) -> list[Middleware]:
    return [
        Middleware(Identified),
        Middleware(Metered, meters=meters),
        Middleware(Addressed, hosts=(settings.host, *settings.hosts)),
    ]


class _Starts(Protocol):
    def start(self) -> None: ...


class _Closes(Protocol):
    async def close(self) -> None: ...


def _lifespan(
    starting: Sequence[_Starts], closing: Sequence[_Closes]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return what starts the parts behind the doors, and lets them go in this order."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for part in starting:
            part.start()
        try:
            yield
        finally:
            for open_part in closing:
                await open_part.close()

    return lifespan


def _errors() -> Mapping[Any, Any]:
    return {
        ApiError: _answered,
        Transient: _away,
        ClientDisconnect: _left,
        404: _not_found,
        405: _not_allowed,
        Exception: _broken,
    }


async def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response(request)


async def _away(request: Request, error: Exception) -> Response:
    """Say that what the answer lies in cannot be reached for now."""
    return away(str(error)).response(request)


async def _left(_: Request, __: Exception) -> Response:
    """Nobody hears this answer; it is counted, and it is no failure of ours."""
    return Response(status_code=int(CLIENT_LEFT))


async def _not_found(request: Request, _: Exception) -> Response:
    message = f"there is nothing at {request.url.path}"
    return ApiError(404, "invalid_request_error", "not_found", message).response(request)


async def _not_allowed(request: Request, error: Exception) -> Response:
    message = f"{request.method} is not for {request.url.path}"
    refusal = ApiError(405, "invalid_request_error", "method_not_allowed", message)
    response = refusal.response(request)
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})  # which methods are allowed
    return response


async def _broken(request: Request, _: Exception) -> Response:
    """Say that it is our fault; the server logs what it was."""
    message = f"the gateway failed; look for request {run_of(request)} in its log"
    response = ApiError(500, "server_error", "internal_error", message).response(request)
    response.headers[REQUEST_ID] = run_of(request)  # no middleware of ours sees this answer
    return response
