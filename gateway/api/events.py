"""`/api/events/{topic}`: events in from any language, and out again as pages or a live stream."""

import re
from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api import places, queries
from gateway.api.cloudevents import received
from gateway.api.history import page
from gateway.api.idempotency import Idempotency
from gateway.api.live import Reading
from gateway.api.offers import known_topic, offer_of
from gateway.api.places import Places
from gateway.api.shown import shown
from gateway.body import Bodies
from gateway.errors import away, refused, unknown
from gateway.identified import run_of
from gateway.sender import QueueFull, Sender
from streams.errors import BrokerAway, DeliveryFailed, Misconfigured, Poison, StoreAway
from streams.events import AREAS
from streams.io.wire import Wire
from streams.log import Record

BODY_MAX = 1_048_576
LAST_EVENT_ID = "last-event-id"
_TOPIC = re.compile(r"aether\.[a-z0-9._-]{1,200}")
#: Every event's name, by its class.
NAMES = {kind: kind.__name__ for kinds in AREAS.values() for kind in kinds}


class Events:
    """The routes."""

    def __init__(
        self, sender: Sender, wire: Wire, reading: Reading, answers: Idempotency, bodies: Bodies
    ) -> None:
        self._sender = sender
        self._wire = wire
        self._reading = reading
        self._answers = answers
        self._bodies = bodies.up_to(BODY_MAX)
        self.routes = [
            Route("/api/events/{topic}", self.produce, methods=["POST"]),
            Route("/api/events/{topic}", self.read, methods=["GET"]),
        ]

    async def produce(self, request: Request) -> Response:
        """Append what a client says; 202 once all of it is durable.

        Everything is checked before anything is written.
        """
        topic = known_topic(request.path_params["topic"])
        body = await self._bodies.read(request)

        async def append() -> Response:
            said = received(request, body)
            make = lambda: [offer_of(topic, event, self._wire) for event in said]  # noqa: E731
            try:
                offers = await self._reading.aside(make)
                await self._sender.deliver([offer.draft for offer in offers])
            except (BrokerAway, QueueFull, StoreAway) as error:
                raise away(str(error)) from error
            except DeliveryFailed as error:
                raise unknown(run_of(request), str(error)) from error
            data = [{"id": offer.event_id, "topic": topic.name} for offer in offers]
            return JSONResponse({"data": data}, 202)

        return await self._answers.once(request, body, append)

    async def read(self, request: Request) -> Response:
        """Answer with a page, or a stream if that is what the client accepts."""
        queries.checked(request, "cursor", "from", "limit", "type", "key")
        topic = self._readable(request.path_params["topic"])
        limit, wanted = queries.limit_of(request), self._wanted(request)
        try:
            start = await self._reading.aside(partial(self._start, request, topic))
            if queries.streams(request):
                return self._reading.stream(topic, start, wanted)
            return await self._reading.aside(partial(self._page, topic, start, limit, wanted))
        except Misconfigured as error:
            raise refused(404, "unknown_topic", str(error)) from None

    def _start(self, request: Request, topic: str) -> Places:
        """Return where reading begins: where a reader was, or where it asks, or at an end."""
        log, query = self._reading.log, request.query_params
        last = request.headers.get(LAST_EVENT_ID)
        if last and queries.streams(request):
            return places.read(last, log, topic, LAST_EVENT_ID)
        if "cursor" in query:
            return places.read(query["cursor"], log, topic, "cursor")
        beginning = places.END if queries.streams(request) else places.START
        return places.named(query.get("from", beginning), log, topic)

    def _page(
        self, topic: str, start: Places, limit: int, wanted: Callable[[Record], bool]
    ) -> Response:
        log = self._reading.log
        found, behind, whole = page(
            log, topic, start, places.named(places.END, log, topic), limit, wanted
        )
        data = [shown(record, self._wire) for record, _ in found]
        return JSONResponse(
            {"data": data, "next_cursor": None if whole else places.written(behind)}
        )

    def _readable(self, topic: str) -> str:
        if not _TOPIC.fullmatch(topic):
            raise refused(404, "unknown_topic", f"there is no topic {topic[:200]!r}")
        return topic

    def _wanted(self, request: Request) -> Callable[[Record], bool]:
        types = queries.words_of(request, "type", set(NAMES.values()))
        given = request.query_params.get("key")
        key = None if given is None else given.encode(errors="replace")

        def wanted(record: Record) -> bool:
            if key is not None and record.key != key:
                return False
            return not types or self._name(record) in types

        return wanted

    def _name(self, record: Record) -> str | None:
        try:
            kind = self._wire.codec.kind_of(record.value)
        except Poison:
            return None
        return None if kind is None else NAMES.get(kind)
