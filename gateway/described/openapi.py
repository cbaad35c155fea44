"""`/openapi.json`: our own doors as OpenAPI 3.1, with every event that clients may write.

What is written here is held to the doors themselves by a test that asks them anything.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

from gateway.api.cloudevents import BATCH_MAX, BATCHED, STRUCTURED
from gateway.api.queries import LIMIT_MAX
from gateway.api.runs import LIMIT_MAX as RUNS_MAX
from gateway.api.runs import OUTCOMES
from gateway.errors import PROBLEM
from streams.events import AREAS
from streams.events.offered import OFFERED
from streams.io import schemas
from streams.io.json_schema import json_schema_of

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object"}
MOMENT: Schema = {"type": "string", "description": "an event's id, an offset, a time or `now`"}
#: What any request may be answered with that another machine's page or name sent.
ANYWHERE = (403, 421)
SSE = {"text/event-stream": {"schema": TEXT}}


@cache
def openapi() -> dict[str, Any]:
    """Return the whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Aether Grid",
            "version": version("aether-grid"),
            "description": "Events in and out, runs, topics and schemas. "
            "The doors under /v1 are OpenAI's and described there.",
        },
        "servers": [{"url": "/"}],
        "paths": {**_events_paths(), **_runs_paths(), **_catalog_paths()},
        "components": {"schemas": {"Problem": _problem(), **_events()}},
    }  # fmt: skip


def _events_paths() -> Schema:
    return {
        "/api/events/{topic}": {
            "parameters": [_in_path("topic")],
            "post": _produce(),
            "get": _read_events(),
        },
        "/api/feedback": {"post": _feedback()},
    }  # fmt: skip


def _runs_paths() -> Schema:
    return {
        "/api/runs": {"get": _list_runs()},
        "/api/runs/{run_id}": {
            "parameters": [_in_path("run_id")],
            "get": _operation("One run with its answer.", _json(OBJECT), 400, 404),
        },
        "/api/runs/{run_id}/events": {
            "parameters": [_in_path("run_id")],
            "get": _run_events(),
        },
        "/api/runs/{run_id}/forks": {
            "parameters": [_in_path("run_id")],
            "post": _fork(),
        },
        "/api/sessions/{session}/state": {
            "parameters": [_in_path("session")],
            "get": _operation(
                "What every decider knew of a session.", _json(_page()), 400, 404,
                parameters=[_in_query("at", MOMENT)],
            ),
        },
    }  # fmt: skip


def _catalog_paths() -> Schema:
    return {
        "/api/topics": {"get": _operation("Every topic.", _json(_page()), 400)},
        "/api/topics/{topic}": {
            "parameters": [_in_path("topic")],
            "get": _operation("One topic.", _json(OBJECT), 400, 404),
        },
        "/api/schemas": {"get": _operation("Every event's schema.", _json(_page()), 400)},
        "/api/schemas/{name}": {
            "parameters": [_in_path("name")],
            "get": _operation("One event's schema.", _json(OBJECT), 400, 404),
        },
        "/api/lag": {"get": _operation("How far groups are behind.", {**_json(OBJECT), **SSE})},
    }  # fmt: skip


def _operation(
    summary: str, content: Schema, *errors: int, parameters: list[Schema] | None = None,
    status: int = 200, **more: Any,
) -> Schema:  # fmt: skip
    problem = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told = sorted({*errors, *ANYWHERE})
    refused = {str(code): {"description": "A problem.", "content": problem} for code in told}
    away = {"503": {"description": "Away for now.", "content": problem}}
    return {
        "summary": summary,
        "operationId": summary.lower().rstrip(".").replace(" ", "-").replace("'", "")[:40],
        "parameters": parameters or [],
        "responses": {
            str(status): {"description": summary, "content": content}, **refused, **away,
        },
        **more,
    }  # fmt: skip


def _produce() -> Schema:
    said = {"$ref": "#/components/schemas/CloudEvent"}
    content = {
        STRUCTURED: {"schema": said},
        BATCHED: {"schema": {"type": "array", "items": said, "minItems": 1, "maxItems": BATCH_MAX}},
        "application/json": {"schema": {"description": "The data; the rest in ce- headers."}},
    }
    return _operation(
        "Append events, held to their schema.", _json(OBJECT),
        400, 403, 404, 408, 409, 413, 415, 422, 504,
        parameters=[_in_header("Idempotency-Key", {"type": "string", "maxLength": 255})],
        status=202, requestBody={"required": True, "content": content},
    )  # fmt: skip


def _feedback() -> Schema:
    verdict = {"type": "string", "enum": ["right", "wrong", "picked"]}
    said = {
        "type": "object",
        "properties": {
            "run_id": TEXT,
            "verdict": verdict,
            "label": {"type": ["string", "null"]},
            "none_of_these": {"type": "boolean"},
        },
        "required": ["run_id", "verdict"],
        "additionalProperties": False,
    }
    return _operation(
        "Say what a routing decision was worth.", _json(OBJECT), 400, 408, 409, 413, 422, 504,
        parameters=[_in_header("Idempotency-Key", {"type": "string", "maxLength": 255})],
        status=202, requestBody={"required": True, "content": _json(said)},
    )  # fmt: skip


def _fork() -> Schema:
    said = {
        "type": "object",
        "properties": {
            "at": {"type": "string", "minLength": 1, "description": "an event's id or kind"},
            "set": {"type": "object", "description": "paths of what is changed there, and to what"},
        },
        "additionalProperties": False,
    }
    return _operation(
        "Tell a run again with something changed.", _json(OBJECT), 400, 408, 409, 413, 422,
        parameters=[_in_header("Idempotency-Key", {"type": "string", "maxLength": 255})],
        status=201, requestBody={"required": True, "content": _json(said)},
    )  # fmt: skip


def _read_events() -> Schema:
    names = sorted(kind.__name__ for kinds in AREAS.values() for kind in kinds)
    return _operation(
        "A topic's events, as a page or a stream.", {**_json(_page()), **SSE}, 400, 404, 410,
        parameters=[
            _in_query("cursor"),
            _in_query("from", {"type": "string", "description": "start, end or a time"}),
            _in_query("limit", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX}),
            _in_query("type", {"type": "string", "description": f"some of {', '.join(names)}"}),
            _in_query("key"),
            _in_header("Last-Event-ID"),
        ],
    )  # fmt: skip


def _run_events() -> Schema:
    said = _operation(
        "A run's events; as a stream, up to its end.", {**_json(_page()), **SSE}, 400, 404, 410,
        parameters=[_in_header("Last-Event-ID")],
    )  # fmt: skip
    over = {"description": "The stream has ended before `Last-Event-ID`."}
    return {**said, "responses": {**said["responses"], "204": over}}


def _list_runs() -> Schema:
    outcome = {"type": "string", "description": f"some of {', '.join(OUTCOMES)}"}
    return _operation(
        "Runs, the newest first.", _json(_page()), 400, 410,
        parameters=[
            _in_query("cursor"),
            _in_query("limit", {"type": "integer", "minimum": 1, "maximum": RUNS_MAX}),
            _in_query("outcome", outcome),
            *map(_in_query, ("session", "capability", "q")),
        ],
    )  # fmt: skip


def _events() -> Schema:
    kinds = [kind for kinds in OFFERED.values() for kind in kinds]
    attributes = dict.fromkeys(("id", "source", "partitionkey", "time", "traceparent"), TEXT)
    said = {
        "type": "object",
        "properties": {
            **attributes,
            "specversion": {"const": "1.0"},
            "type": {"enum": [schemas.ce_type(kind) for kind in kinds]},
            "data": {
                "anyOf": [{"$ref": f"#/components/schemas/{kind.__name__}"} for kind in kinds]
            },
        },
        "required": ["specversion", "id", "source", "type", "partitionkey", "data"],
    }
    return {"CloudEvent": said, **{kind.__name__: json_schema_of(kind) for kind in kinds}}


def _problem() -> Schema:
    fault = {"type": "object", "properties": {"pointer": TEXT, "detail": TEXT}}
    return {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": NUMBER,
            "detail": TEXT,
            "code": TEXT,
            "errors": {"type": "array", "items": fault},
        },
        "required": ["type", "title", "status", "detail", "code"],
    }


def _page() -> Schema:
    properties = {
        "data": {"type": "array", "items": OBJECT},
        "next_cursor": {"type": ["string", "null"]},
    }
    return {"type": "object", "properties": properties, "required": ["data", "next_cursor"]}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _in_query(name: str, schema: Schema = TEXT) -> Schema:
    return {"name": name, "in": "query", "schema": schema}


def _in_header(name: str, schema: Schema = TEXT) -> Schema:
    return {"name": name, "in": "header", "schema": schema}
