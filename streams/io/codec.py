"""Events as Avro bytes in the Confluent wire format, and back.

Decoding is strict: every byte must be used, and a schema that breaks our rules is never decoded
with. A record is read with its writer's schema; only an older or newer one is resolved to ours.
"""

import io
import json
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol, TypeVar

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException
from fastavro.types import Schema

from streams.errors import IncompatibleSchema, Misconfigured, Undecodable, UnknownSchema
from streams.events import AREAS
from streams.events.sessions import InferenceRequested
from streams.io import schemas
from streams.io.compiled import compile_for, reader_for
from streams.io.registry import SchemaRegistry
from streams.plain import SAME, form_of
from streams.topics import Topic

A = TypeVar("A")

PREFIX = struct.Struct(">bI")
MAGIC = 0
FRAMING = bytes(PREFIX.size)

#: A schema's text is shorter than this, or nobody reads it.
TEXT_MAX = 100_000

# What fastavro raises at a schema that is none.
UNUSABLE = (
    IncompatibleSchema,
    SchemaParseException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)

# What fastavro and our own classes raise at bytes that are not what they should be.
UNREADABLE = (
    EOFError,
    AttributeError,
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    MemoryError,
    struct.error,
    SchemaResolutionError,
)


#: Fields of an event.
Names = tuple[str, ...]
#: Makes an event of bytes.
Decode = Callable[[bytes], Any]


class _Writing(NamedTuple):
    prefix: bytes
    write: Callable[[Any], bytes]


class _Reading(NamedTuple):
    kind: type | None  # None: a record type that is none of ours
    read: Callable[[bytes], Any]


#: Where a schema holds others.
INSIDE = ("type", "fields", "items", "values")

#: What else lies on topics of their own: requests on their way to the nodes that answer them.
CARRIED: dict[str, tuple[type, ...]] = {"work": (InferenceRequested,)}

FOREIGN = _Reading(None, lambda value: value)


def subject_of(topic: str, kind: type) -> str:
    """Return the registry's subject of an event class on a topic (TopicRecordNameStrategy)."""
    return f"{topic}-{schemas.full_name(kind)}"


def area_of(topic: Topic) -> str:
    """Return the area whose events a topic holds."""
    return topic.name.split(".")[1]


#: Asks the registry about a subject and its schema.
Ask = Callable[[str, str], A]


def _side_by_side(ask: Ask[A], topic: Topic, at_once: int) -> list[tuple[type, A]]:
    """Ask about every event class of a topic's area, some at a time: most of it is waiting."""
    kinds = {**AREAS, **CARRIED}[area_of(topic)]
    asked = [(subject_of(topic.name, kind), schemas.text_of(kind)) for kind in kinds]
    with ThreadPoolExecutor(at_once) as lanes:
        answers = list(lanes.map(lambda pair: ask(*pair), asked))
    return list(zip(kinds, answers, strict=True))


class Encoding(Protocol):
    """What the rest of the grid needs of a codec: see `Codec` for the promises."""

    def encode(self, event: Any) -> bytes:
        """Write an event."""

    def kind_of(self, value: bytes | None) -> type | None:
        """Return the class of an encoded event, None if it is none of ours."""

    def decode(self, value: bytes) -> Any:
        """Read an event."""

    def part(self, names: Names) -> Decode:
        """Return what reads some fields of an event alone."""

    def ce_type(self, kind: type) -> str:
        """Return the CloudEvents type of an event class."""


class Codec:
    """Knows the schemas of some topics; one instance serves one process."""

    def __init__(self, registry: SchemaRegistry) -> None:
        self._registry = registry
        self._writings: dict[type, _Writing] = {}
        self._readings: dict[bytes, _Reading] = {}
        self._as_ours: dict[bytes, type] = {}
        self._parts: dict[Names, Decode] = {}
        self._kinds = {schemas.full_name(kind): kind for kind in schemas.event_classes()}

    def check(self, topic: Topic) -> None:
        """See whether every event class of `topic`'s area could be registered; none is.

        Raises IncompatibleSchema and RegistryAway.
        """
        _side_by_side(self._registry.check, topic, self._registry.at_once)

    def learn(self, topic: Topic, *, register: bool = False) -> None:
        """Learn the ids of every event class of `topic`'s area; with `register`, give them ids.

        Raises IncompatibleSchema, RegistryAway, and Misconfigured if one is not registered.
        """
        ask: Ask[int | None] = self._registry.register if register else self._registry.id_of
        for kind, schema_id in _side_by_side(ask, topic, self._registry.at_once):
            if schema_id is None:
                subject = subject_of(topic.name, kind)
                raise Misconfigured(
                    f"schema {subject} is not registered as this version has it",
                    fix="run `aether schema register`, or start the grid with `aether up`",
                )
            compiled, prefix = compile_for(kind), PREFIX.pack(MAGIC, schema_id)
            self._writings[kind] = _Writing(prefix, compiled.write)
            self._readings[prefix] = _Reading(kind, compiled.read)
            self._as_ours[prefix] = kind

    def encode(self, event: Any) -> bytes:
        """Write an event. Raises ValueError where a value does not fit its schema."""
        prefix, write = self._writings[type(event)]
        return prefix + write(event)

    def kind_of(self, value: bytes | None) -> type | None:
        """Return the class of an encoded event, or None if it is none of ours.

        Asks the registry about an id it sees for the first time. Raises Undecodable for bytes
        without framing, UnknownSchema, RegistryAway.
        """
        if value is None or len(value) < PREFIX.size or value[0] != MAGIC:
            start = None if value is None else value[:8]
            raise Undecodable(f"not in the Confluent wire format: the value starts with {start!r}")
        return self._reading(value[:5]).kind

    def decode(self, value: bytes) -> Any:
        """Read an event that `kind_of` knows.

        Raises Undecodable if the bytes are not what their schema says, or some are left over.
        """
        kind, read = self._readings.get(value[:5]) or self._reading(value[:5])
        try:
            return read(value)
        except UNREADABLE as exc:
            raise _undecodable(kind, exc) from exc

    def part(self, names: Names) -> Decode:
        """Return what reads some fields of an event alone: see `reader_for` for what is checked."""
        return self._parts.get(names) or self._parts.setdefault(names, self._part(names))

    def ce_type(self, kind: type) -> str:
        """Return `aether.<area>.<Class>.v1`."""
        return schemas.ce_type(kind)

    def _reading(self, prefix: bytes) -> _Reading:
        reading = self._readings.get(prefix)
        if reading is None:
            reading = self._readings[prefix] = self._discover(PREFIX.unpack(prefix)[1])
        return reading

    def _part(self, names: Names) -> Decode:
        readings: dict[bytes, _Reading] = {}

        def learned(prefix: bytes) -> _Reading:
            kind = self._as_ours.get(prefix)
            if kind is None:  # another version is read whole: only then is it one of ours
                return self._reading(prefix)
            return readings.setdefault(prefix, _Reading(kind, reader_for(kind, names)))

        def decode(value: bytes) -> Any:
            kind, read = readings.get(value[:5]) or learned(value[:5])
            try:
                return read(value)
            except UNREADABLE as exc:
                raise _undecodable(kind, exc) from exc

        return decode

    def _discover(self, schema_id: int) -> _Reading:
        try:
            text = self._registry.schema(schema_id)
            if len(text) > TEXT_MAX:
                raise IncompatibleSchema(f"its text has {len(text)} characters")
            raw = json.loads(text, object_hook=_without_logical_type)
            kind = self._kinds.get(schemas.name_of(raw))
            if kind is None:
                return FOREIGN
            schemas.check(raw)
            read = _resolving(kind, fastavro.parse_schema(raw))
        except UNUSABLE as exc:
            raise UnknownSchema(f"schema {schema_id} cannot be used: {exc}") from exc
        return _Reading(kind, read)


def _undecodable(kind: type | None, exc: Exception) -> Undecodable:
    name = kind and kind.__name__
    return Undecodable(f"bytes are not a {name}: {type(exc).__name__} {exc}")


def _without_logical_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what would turn a value into another type than ours, such as a text into a UUID."""
    schema.pop("logicalType", None)
    return schema


class _Body(io.BytesIO):
    """Bytes that end where they end.

    fastavro passes over a number of a field that its reader does not have without looking whether
    it is there; of an array of 2 ** 60 such numbers it would never find the end.
    """

    def read(self, size: int | None = -1) -> bytes:
        """Return exactly `size` bytes. Raises EOFError if there are fewer."""
        found = super().read(size)
        if size is None or len(found) != size:
            raise EOFError(f"{size} bytes are said to be where {len(found)} are")
        return found


def _with_default_bytes(schema: Any) -> Any:
    """Return our parsed schema with the defaults of bytes as bytes; Avro writes them as Latin-1.

    fastavro hands a default on as it stands in the schema.
    """
    if isinstance(schema, list):
        return [_with_default_bytes(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {name: _with_default_bytes(schema[name]) for name in INSIDE if name in schema}
    if schema.get("type") == "bytes" and isinstance(schema.get("default"), str):
        inside["default"] = schema["default"].encode("latin-1")
    return {**schema, **inside}


def _resolving(kind: type, writer: Schema) -> Callable[[bytes], Any]:
    """Return what reads an older or newer version of an event as ours, by Avro's rules.

    What was resolved is written and read again as ours: no value is of another type than it says.
    """
    reader = _with_default_bytes(fastavro.parse_schema(json.loads(schemas.text_of(kind))))
    load, ours = form_of(kind, SAME).load, compile_for(kind)

    def read(value: bytes) -> Any:
        body = _Body(value)
        body.seek(PREFIX.size)
        event = load(fastavro.schemaless_reader(body, writer, reader))
        if body.tell() != len(value):
            raise ValueError(f"{len(value) - body.tell()} bytes do not belong")
        return ours.read(FRAMING + ours.write(event))

    return read
