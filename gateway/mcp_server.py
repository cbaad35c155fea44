"""`/mcp`: what an agent may ask of the grid and tell it, by the Model Context Protocol over HTTP.

The protocol's package is imported when somebody first speaks it. Its tools stand on the same
functions as the doors under `/api`, and refuse what those refuse.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from os import urandom
from typing import TYPE_CHECKING, Any

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.api import places
from gateway.api.cloudevents import structured
from gateway.api.events import NAMES
from gateway.api.history import page
from gateway.api.live import Reading
from gateway.api.offers import known_topic, offer_of
from gateway.api.runs import ending, run_shown
from gateway.api.shown import shown, told
from gateway.errors import ApiError
from gateway.sender import Sender
from streams.errors import AetherError, Poison
from streams.ids import RunId, minted
from streams.io.runs import events_of
from streams.io.summaries import Summary, page_of_runs, summary_of
from streams.log import Record

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

LIMIT_MAX = 200

#: Says how far consumer groups are behind.
Lag = Callable[[], dict[str, Any]]


class Tools:
    """What can be asked and told; every failure that can be foreseen is an ApiError."""

    def __init__(self, reading: Reading, sender: Sender, lag: Lag) -> None:
        self._reading = reading
        self._sender = sender
        self._lag = lag

    async def search_runs(
        self, question: str = "", outcome: str = "", session: str = "", limit: int = 20
    ) -> dict[str, Any]:
        """List runs, the newest first: words of the question, an outcome, a session.

        An outcome is open, completed or failed.
        """
        words = question.casefold()

        def wanted(run: Summary) -> bool:
            return (
                words in run.question.casefold()
                and outcome in ("", run.outcome.partition(":")[0])
                and session in ("", run.session)
            )

        reading = self._reading
        read = partial(page_of_runs, reading.log, reading.wire, _limit(limit), None, wanted)
        return {"runs": list(map(run_shown, (await reading.aside(read)).runs))}

    async def get_run(self, run_id: str) -> dict[str, Any]:
        """Return a run with its answer and every event of it, from the question on."""
        reading = self._reading
        events = await reading.aside(lambda: events_of(RunId(run_id), reading.log, reading.wire))
        summary = summary_of(events)
        if summary is None:
            raise ApiError(404, "invalid_request_error", "unknown_run", f"no run {run_id!r}")
        return {**run_shown(summary), **ending(events), "events": list(map(told, events))}

    async def produce_event(
        self, topic: str, event_type: str, key: str, data: dict[str, Any], event_id: str = ""
    ) -> dict[str, Any]:
        """Append an event, held to its schema; `key` is the stream it belongs to.

        Only what clients may write; the same `event_id` twice counts once.
        """
        said = {
            "specversion": "1.0",
            "id": event_id or minted(int(time.time() * 1000), urandom(10)),
            "source": "/mcp",
            "type": event_type,
            "partitionkey": key,
            "data": data,
        }
        make = partial(offer_of, known_topic(topic), structured(said, {}, ""), self._reading.wire)
        offer = await self._reading.aside(make)
        await self._sender.deliver([offer.draft])
        return {"id": offer.event_id, "topic": topic}

    async def query_history(
        self,
        topic: str,
        since: str = places.START,
        event_type: str = "",
        key: str = "",
        limit: int = 20,
        cursor: str = "",
    ) -> dict[str, Any]:
        """Return a topic's events in the order of time, from `start` or a time (ISO 8601) on.

        `event_type` is a name such as RequestRouted; `cursor` is what an earlier page ended with.
        """
        reading = self._reading

        def wanted(record: Record) -> bool:
            if key and record.key != key.encode(errors="replace"):
                return False
            with suppress(Poison):
                return not event_type or NAMES.get(
                    reading.wire.codec.kind_of(record.value) or Tools
                ) == event_type  # fmt: skip
            return False

        def read() -> dict[str, Any]:
            log = reading.log
            start = (
                places.read(cursor, log, topic, "cursor")
                if cursor
                else places.named(since, log, topic)
            )
            end = places.named(places.END, log, topic)
            found, at, whole = page(log, topic, start, end, _limit(limit), wanted)
            rows = [shown(record, reading.wire) for record, _ in found]
            return {"events": rows, "next_cursor": None if whole else places.written(at)}

        return await reading.aside(read)

    async def lag(self) -> dict[str, Any]:
        """Say how far every consumer group is behind, and how old that knowledge is."""
        return self._lag()


class Mcp:
    """The route; one manager of sessions, from the first request to the end of the gateway."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._opening = asyncio.Lock()
        self._stop = asyncio.Event()
        self._manager: StreamableHTTPSessionManager | None = None
        self._task: asyncio.Task[None] | None = None
        self.routes = [Route("/mcp", _Endpoint(self), methods=["GET", "POST", "DELETE"])]

    async def close(self) -> None:
        """End every session."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def manager(self) -> "StreamableHTTPSessionManager":
        """Return what speaks the protocol, opening it the first time."""
        async with self._opening:
            if self._manager is None:
                manager = await asyncio.to_thread(self._made)
                ready = asyncio.Event()
                self._task = asyncio.create_task(self._run(manager, ready))
                await ready.wait()
                self._manager = manager
            return self._manager

    async def _run(self, manager: "StreamableHTTPSessionManager", ready: asyncio.Event) -> None:
        async with manager.run():
            ready.set()
            await self._stop.wait()

    def _made(self) -> "StreamableHTTPSessionManager":
        from mcp.server import MCPServer
        from mcp.server.transport_security import TransportSecuritySettings

        server: MCPServer[Any] = MCPServer(
            "aether", instructions="Search, read and write the event log of an Aether Grid."
        )
        tools = self._tools
        for tool in (
            tools.search_runs, tools.get_run, tools.produce_event, tools.query_history, tools.lag,
        ):  # fmt: skip
            server.add_tool(_told(tool), name=tool.__name__, description=tool.__doc__)
        # `gateway.addressed` looks at Host and Origin, for this door as for all.
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        server.streamable_http_app(
            stateless_http=True, json_response=True, transport_security=security
        )
        return server.session_manager


class _Endpoint:
    """The route as an application: the protocol answers for itself."""

    def __init__(self, door: Mcp) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        manager = await self._door.manager()
        await manager.handle_request(scope, receive, send)


def _told(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool whose foreseen failures are words for who called it."""
    from functools import wraps

    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    async def call(*args: Any, **given: Any) -> Any:
        try:
            return await tool(*args, **given)
        except ApiError as error:
            faults = [f"{at or '/'}: {why}" for at, why in error.faults]
            raise ToolError("; ".join([error.message, *faults])) from None
        except AetherError as error:
            raise ToolError(str(error)) from None

    return call


def _limit(limit: int) -> int:
    if not 0 < limit <= LIMIT_MAX:
        message = f"limit is not between 1 and {LIMIT_MAX}"
        raise ApiError(400, "invalid_request_error", "invalid_request", message, "limit")
    return limit
