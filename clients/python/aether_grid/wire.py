"""The bytes and headers of a record: Avro in Confluent's wire format, CloudEvents in binary mode.

What an event may say is read from the registry: an event is written with the newest schema of its
subject, and read with the one that wrote it.
"""

import base64
import io
import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import fastavro

from aether_grid.errors import BadEvent, Unreachable
from aether_grid.ids import derived

PREFIX = struct.Struct(">bI")
NOT_FOUND = 404
UNREADABLE = (
    *(EOFError, AttributeError, ValueError, TypeError, LookupError, OverflowError, MemoryError),
    struct.error,
)

Headers = list[tuple[str, bytes]]


class Place(NamedTuple):
    """Where a record stands, and the id of its event."""

    topic: str
    partition: int
    offset: int
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event as read from the log; `name` is its Avro name, `run_id` empty outside of a run.

    `value` is None if the payload is so large that it lies in the object store, at `dataref`.
    """

    name: str
    value: dict[str, Any] | None
    event_id: str
    key: str
    topic: str
    partition: int
    offset: int
    at_ms: int
    run_id: str
    cause_id: str | None
    dataref: str | None
    headers: Mapping[str, bytes]


class Named(NamedTuple):
    """A schema as the registry has it."""

    schema_id: int
    schema: Any

    @property
    def name(self) -> str:
        """The full name of its record."""
        return str(self.schema["name"])


class Source(Protocol):
    """Where schemas come from."""

    def latest(self, topic: str, name: str) -> Named:
        """Return the newest schema of an event on a topic. Raises BadEvent if there is none."""

    def of(self, schema_id: int) -> Named:
        """Return the schema of an id. Raises BadEvent if there is none."""


class Registry:
    """A schema registry that speaks Confluent's API; what it said once holds for ever."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=host).geturl().rstrip("/")
        self._head = {"accept": "application/json"}
        if parts.username is not None:
            said = urllib.parse.unquote(f"{parts.username}:{parts.password or ''}")
            self._head["authorization"] = "Basic " + base64.b64encode(said.encode()).decode()
        self._timeout_s = timeout_s
        self._latest: dict[tuple[str, str], Named] = {}
        self._by_id: dict[int, Named] = {}

    def latest(self, topic: str, name: str) -> Named:
        """Ask for the newest version of `{topic}-{name}` (TopicRecordNameStrategy)."""
        if (topic, name) not in self._latest:
            subject = urllib.parse.quote(f"{topic}-{name}", safe="")
            told = self._ask(f"/subjects/{subject}/versions/latest", f"no event {name} on {topic}")
            found = Named(told["id"], parsed(told["schema"]))
            self._latest[topic, name] = self._by_id[found.schema_id] = found
        return self._latest[topic, name]

    def of(self, schema_id: int) -> Named:
        """Ask for the schema of an id."""
        if schema_id not in self._by_id:
            told = self._ask(f"/schemas/ids/{schema_id}", f"no schema {schema_id}")
            self._by_id[schema_id] = Named(schema_id, parsed(told["schema"]))
        return self._by_id[schema_id]

    def _ask(self, path: str, missing: str) -> Any:
        asked = urllib.request.Request(self._url + path, headers=self._head)  # noqa: S310
        try:
            with urllib.request.urlopen(asked, timeout=self._timeout_s) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == NOT_FOUND:
                raise BadEvent(f"the registry at {self._url} knows {missing}") from error
            raise Unreachable(f"the registry at {self._url} says {error.code}") from error
        except (OSError, ValueError) as error:
            raise Unreachable(f"no answer from the registry at {self._url}: {error}") from error


def parsed(text: str) -> Any:
    """Return a schema's text as fastavro wants it."""
    return fastavro.parse_schema(json.loads(text))


def topic_of(name: str) -> str:
    """Return the topic on which events of a name belong: `aether.{area}.events`."""
    area = name.split(".")[1]
    return "aether.chunks" if area == "chunks" else f"aether.{area}.events"


def encode(named: Named, value: Mapping[str, Any]) -> bytes:
    """Write an event. Raises BadEvent if the value does not fit the schema."""
    out = io.BytesIO(PREFIX.pack(0, named.schema_id))
    out.seek(PREFIX.size)
    try:
        fastavro.schemaless_writer(out, named.schema, dict(value), strict_allow_default=True)
    except UNREADABLE as error:
        raise BadEvent(f"this is no {named.name}: {error}") from error
    return out.getvalue()


def schema_id_of(frame: bytes | None) -> int:
    """Return the id of the schema a record was written with. Raises BadEvent."""
    if frame is None or len(frame) < PREFIX.size or frame[0] != 0:
        raise BadEvent("not in Confluent's wire format")
    return int(PREFIX.unpack_from(frame)[1])


def decode(named: Named, frame: bytes) -> dict[str, Any]:
    """Read an event; every byte must be used. Raises BadEvent."""
    body = io.BytesIO(frame)
    body.seek(PREFIX.size)
    try:
        value = fastavro.schemaless_reader(body, named.schema, None)
    except UNREADABLE as error:
        raise BadEvent(f"these bytes are no {named.name}: {error}") from error
    if body.tell() != len(frame):
        raise BadEvent(f"{len(frame) - body.tell()} bytes after a {named.name} do not belong")
    return value  # type: ignore[return-value]


def headers(
    *,
    name: str,
    event_id: str,
    source: str,
    at_ms: int,
    run_id: str | None = None,
    cause_id: str | None = None,
    trace: Mapping[str, str] | None = None,
) -> Headers:
    """Return the headers of an event that is new to the log."""
    time = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    head = {
        "ce_id": event_id,
        "ce_type": f"{name}.v1",
        "ce_specversion": "1.0",
        "ce_source": source,
        "ce_time": time.replace("+00:00", "Z"),
        **(trace or {}),
    }
    if cause_id is not None:
        head["ce_causationid"] = cause_id
    if run_id is not None:
        head["ce_correlationid"] = run_id
    return [(each, said.encode()) for each, said in head.items()]


def opened(
    source: Source,
    place: tuple[str, int, int],
    at_ms: int,
    key: bytes | None,
    frame: bytes | None,
    given: Iterable[tuple[str, bytes | None]],
) -> Event:
    """Put a record into words; without headers its id follows from its place. Raises BadEvent."""
    named = source.of(schema_id_of(frame))
    head = {each: said or b"" for each, said in given}
    said = {each: value.decode(errors="replace") for each, value in head.items()}
    dataref = said.get("ce_dataref")
    value = None if dataref is not None else decode(named, frame or b"")
    topic, partition, offset = place
    return Event(
        name=named.name,
        value=value,
        event_id=said.get("ce_id") or derived(topic, partition, offset),
        key=(key or b"").decode(errors="replace"),
        topic=topic,
        partition=partition,
        offset=offset,
        at_ms=at_ms,
        run_id=said.get("ce_correlationid") or str((value or {}).get("run_id", "")),
        cause_id=said.get("ce_causationid"),
        dataref=dataref,
        headers=head,
    )
