"""`/api/topics` and `/api/schemas`: what there is to read, and what every event looks like."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api import queries
from gateway.api.live import Reading
from gateway.errors import refused
from streams.events import AREAS
from streams.events.offered import OFFERED
from streams.io import schemas
from streams.io.codec import area_of, subject_of
from streams.topics import TOPICS, Topic


class Catalog:
    """The routes; both lists are short, so that a page is always the whole."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.routes = [
            Route("/api/topics", self.topics, methods=["GET"]),
            Route("/api/topics/{topic}", self.topic, methods=["GET"]),
            Route("/api/schemas", self.schemas, methods=["GET"]),
            Route("/api/schemas/{name}", self.schema, methods=["GET"]),
        ]

    async def topics(self, request: Request) -> Response:
        """List the grid's topics with what they hold."""
        queries.checked(request)
        data = await self._reading.aside(lambda: [self._told(topic) for topic in TOPICS])
        return JSONResponse({"data": data, "next_cursor": None})

    async def topic(self, request: Request) -> Response:
        """Return one topic."""
        queries.checked(request)
        name = request.path_params["topic"]
        topic = next((t for t in TOPICS if t.name == name), None)
        if topic is None:
            raise refused(404, "unknown_topic", f"there is no topic {name[:200]!r}")
        return JSONResponse(await self._reading.aside(lambda: self._told(topic)))

    async def schemas(self, request: Request) -> Response:
        """List every event with its schema."""
        queries.checked(request)
        data = [schema_shown(topic, kind) for topic in TOPICS for kind in AREAS[area_of(topic)]]
        return JSONResponse({"data": data, "next_cursor": None})

    async def schema(self, request: Request) -> Response:
        """Return the schema of one event, by its full name or its CloudEvents type."""
        queries.checked(request)
        name = request.path_params["name"]
        for topic in TOPICS:
            for kind in AREAS[area_of(topic)]:
                if name in (schemas.full_name(kind), schemas.ce_type(kind)):
                    return JSONResponse(schema_shown(topic, kind))
        raise refused(404, "unknown_schema", f"no event is called {name[:200]!r}")

    def _told(self, topic: Topic) -> dict[str, Any]:
        spans = [
            self._reading.log.span(topic.name, p)
            for p in range(self._reading.log.partitions(topic.name))
        ]
        return {
            "name": topic.name,
            "key": topic.key,
            "retention_ms": topic.retention_ms,
            "partitions": [
                {"partition": p, "first": first, "end": end} for p, (first, end) in enumerate(spans)
            ],
            "records": sum(end - first for first, end in spans),
            "types": [schemas.ce_type(kind) for kind in AREAS[area_of(topic)]],
            "clients_write": [schemas.ce_type(kind) for kind in OFFERED.get(topic.name, ())],
        }


def schema_shown(topic: Topic, kind: type) -> dict[str, Any]:
    """Return an event's schema and what it is called where."""
    return {
        "name": schemas.full_name(kind),
        "type": schemas.ce_type(kind),
        "topic": topic.name,
        "subject": subject_of(topic.name, kind),
        "clients_write": kind in OFFERED.get(topic.name, ()),
        "schema": json.loads(schemas.text_of(kind)),
    }
