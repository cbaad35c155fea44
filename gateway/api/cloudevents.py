"""CloudEvents 1.0 over HTTP: binary, structured and batched requests, and how events look as JSON.

What a reader would take for the grid's own word (`aether_cause`, `aether_processor`, `ce_dataref`,
what a response is told by) is never taken from a client.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from gateway.body import parsed
from gateway.errors import ApiError, invalid, refused
from gateway.responses.body import TOLD_BY
from streams import envelope as env
from streams.text import is_wellformed

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
JSON = "application/json"
PREFIX = "ce-"
BATCH_MAX, ATTRIBUTES_MAX, VALUE_MAX = 1_000, 32, 1_024
#: Attributes that are no headers of their own.
KEY, DATA, DATA_TYPE, DATA_SCHEMA = "partitionkey", "data", "datacontenttype", "dataschema"
REQUIRED = ("specversion", "id", "source", "type")

#: Bytes, which no schema here holds.
BINARY = "data_base64"

_NAME = re.compile(r"[a-z0-9]{1,50}")
#: RFC 3339's form; whether there is such a moment is for `datetime`, which takes more of ISO 8601.
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_OURS = (env.CAUSE, env.REQUEST, env.PROCESSOR, *(name.removeprefix("ce_") for name in TOLD_BY))
_RESERVED = {re.sub("[^a-z0-9]", "", name) for name in _OURS} | {
    "aetherattempt", "dataref",
}  # fmt: skip


class CloudEvent(NamedTuple):
    """One event as a client sent it; `at` is where it stands in a batch, as a JSON pointer."""

    attributes: Mapping[str, str]
    data: Any
    trace: env.Head
    at: str = ""

    @property
    def id(self) -> str:
        """What its client calls it."""
        return self.attributes["id"]

    @property
    def key(self) -> str:
        """The stream it belongs to."""
        return self.attributes.get(KEY, "")


def received(request: Request, body: bytes) -> list[CloudEvent]:
    """Return the events of a request, in their order. Raises ApiError for what is none."""
    for name in request.headers:
        _refuse_reserved(name, name)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    trace = {
        name: request.headers[name].encode()
        for name in (env.TRACE_PARENT, env.TRACE_STATE)
        if name in request.headers
    }
    if kind == STRUCTURED:
        return [structured(parsed(body), trace, "")]
    if kind == BATCHED:
        batch = parsed(body)
        if not isinstance(batch, list) or not 0 < len(batch) <= BATCH_MAX:
            raise invalid(f"a batch is an array of 1 to {BATCH_MAX} events")
        return [structured(each, trace, f"/{n}") for n, each in enumerate(batch)]
    if kind == JSON:
        return [CloudEvent(_checked(dict(_binary(request)), ""), parsed(body), trace)]
    told = f"content-type {kind!r} is none of {JSON} (with ce- headers), {STRUCTURED}, {BATCHED}"
    raise refused(415, "unsupported_media_type", told)


def _binary(request: Request) -> Any:
    for name, value in request.headers.items():
        if name.startswith(PREFIX):
            try:  # percent-encoded UTF-8, as CloudEvents' HTTP binding has it
                yield name.removeprefix(PREFIX), unquote_to_bytes(value.encode("latin-1")).decode()
            except UnicodeDecodeError:
                raise invalid(f"header {name} is not UTF-8", name) from None


def structured(said: Any, trace: env.Head, at: str) -> CloudEvent:
    """Return the event that JSON says. Raises ApiError."""
    if not isinstance(said, dict):
        raise invalid("an event is a JSON object", at or "/")
    attributes: dict[str, str] = {}
    for name, value in said.items():
        _refuse_reserved(name, f"{at}/{name}")
        if name == DATA or value is None:
            continue
        if name == BINARY:
            why = f"{BINARY} holds bytes; an event here is JSON, and stands in {DATA}"
            raise refused(415, "unsupported_media_type", why, [(f"{at}/{name}", why)])
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str | int):
            raise invalid(f"attribute {name} is neither text nor a number", f"{at}/{name}")
        attributes[name] = str(value)
    own = {name: attributes.pop(name).encode() for name in trace_names(attributes)}
    return CloudEvent(_checked(attributes, at), said.get(DATA), own or trace, at)


def trace_names(attributes: Mapping[str, str]) -> list[str]:
    """Return the attributes that are the trace context (CloudEvents' distributed tracing)."""
    return [name for name in (env.TRACE_PARENT, env.TRACE_STATE) if name in attributes]


def _checked(attributes: dict[str, str], at: str) -> dict[str, str]:
    for name in REQUIRED:
        if not attributes.get(name):
            raise invalid(f"attribute {name} is missing", f"{at}/{name}")
    if attributes["specversion"] != "1.0":
        raise invalid("specversion is not 1.0", f"{at}/specversion")
    if len(attributes) > ATTRIBUTES_MAX:
        raise invalid(f"an event has at most {ATTRIBUTES_MAX} attributes", at or "/")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise invalid(f"attribute {name[:50]!r} is not a-z and 0-9 alone", f"{at}/{name[:50]}")
        if len(value) > VALUE_MAX or not (is_wellformed(value) and value.isprintable()):
            raise invalid(f"{name} is not up to {VALUE_MAX} printable characters", f"{at}/{name}")
    if attributes.get(DATA_TYPE, JSON).partition(";")[0].strip() != JSON:
        raise refused(415, "unsupported_media_type", f"{DATA_TYPE} is not {JSON}")
    if "time" in attributes and not _is_time(attributes["time"]):
        raise invalid("time is not RFC 3339", f"{at}/time")
    return attributes


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text) and datetime.fromisoformat(text.upper()))
    except ValueError:
        return False


def _refuse_reserved(name: str, at: str) -> None:
    bare = re.sub("[^a-z0-9_]", "", name.lower().removeprefix(PREFIX).removeprefix("ce_"))
    if bare in _RESERVED or bare.replace("_", "") in _RESERVED:
        raise reserved(at)


def reserved(at: str) -> ApiError:
    """The client claims to be a part of the grid."""
    return refused(403, "reserved_attribute", f"{at[:100]} is written by the grid alone")
