"""Between events and records: encoding, headers and the claim check for large payloads.

A payload over CLAIM_MIN bytes lies in the object store before its record is appended; the record
then holds the schema id and the content's address alone.
"""

from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from typing import Any

from streams import envelope as env
from streams.envelope import Envelope, Head
from streams.errors import Poison, Undecodable
from streams.ids import EventId, ProcessorName, RunId, of_decision
from streams.io.codec import PREFIX, Decode, Encoding
from streams.io.objects import ObjectStore
from streams.log import Draft, Headers, Record

CLAIM_MIN, REFERENCE = 256 * 1024, env.DATA_REFERENCE
#: Headers that an event hands on to what it causes.
TRACE = (env.TRACE_PARENT, env.TRACE_STATE)


class Author:
    """Writes the drafts of one processor: their ids, headers and bytes follow from the cause."""

    def __init__(self, wire: "Wire", processor: ProcessorName, version: int) -> None:
        self.processor = processor
        self._wire = wire
        self._source = (env.SOURCE, f"/aether/{wire.node}/{processor}".encode())
        self._signature = (env.PROCESSOR, f"{processor}/{version}".encode())

    def decision(self, cause: Envelope[Any], events: tuple[Any, ...]) -> list[Draft]:
        """Return the records of one decision: same topic, same partition, same key as its cause."""
        steps, key, shared = len(events), cause.key.encode(), self._shared(cause)
        drafts = []
        for step, event in enumerate(events):
            head = self._head(cause, step, event, shared)
            head.append((env.CAUSE, f"{cause.offset}/{step}/{steps}".encode()))
            drafts.append(self._wire.draft(cause.topic, cause.partition, key, event, head))
        return drafts

    def outcome(self, cause: Envelope[Any], event: Any) -> Draft:
        """Return the record of an effect's outcome.

        It names the offset of its request, so that readers can tell repeats.
        """
        head = self._head(cause, 0, event, self._shared(cause))
        head.append((env.REQUEST, str(cause.offset).encode()))
        return self._wire.draft(cause.topic, cause.partition, cause.key.encode(), event, head)

    def carried(
        self, cause: Envelope[Any], step: int, topic: str, partition: int | None, key: str,
        event: Any, because: EventId | None = None,
    ) -> Draft:  # fmt: skip
        """Return the record of a fact that a link carries to another topic.

        Its cause is what is carried, unless that says of itself what it came of.
        """
        head = self._head(cause, step, event, self._shared(cause, because))
        return self._wire.draft(topic, partition, key.encode(), event, head)

    def _shared(self, cause: Envelope[Any], because: EventId | None = None) -> Headers:
        """Return the headers that everything made from one cause has in common."""
        shared = [
            env.SPEC_VERSION,
            self._source,
            (env.TIME, env.rfc3339(cause.recorded_at_ms)),
            (env.CAUSATION, (because or cause.event_id).encode()),
            self._signature,
        ]
        if cause.run_id:
            shared.append((env.CORRELATION, cause.run_id.encode()))
        if env.TRACE_PARENT in cause.head:
            shared += [(name, cause.head[name]) for name in TRACE if name in cause.head]
        return shared

    def _head(self, cause: Envelope[Any], step: int, event: Any, shared: Headers) -> Headers:
        event_id = of_decision(cause.event_id, self.processor, step)
        return [(env.ID, event_id.encode()), self._wire.ce_type(type(event)), *shared]


class Wire:
    """Turns events into drafts and records into envelopes, for one process."""

    def __init__(self, codec: Encoding, store: ObjectStore, node: str = "local") -> None:
        self.codec = codec
        self.node = node
        self._store = store
        self._types: dict[type, tuple[str, bytes]] = {}

    def ce_type(self, kind: type) -> tuple[str, bytes]:
        """Return the header that says what an event is."""
        known = self._types.get(kind)
        if known is None:
            known = self._types[kind] = (env.TYPE, self.codec.ce_type(kind).encode())
        return known

    def root(
        self,
        event: Any,
        *,
        component: str,
        topic: str,
        key: str,
        event_id: EventId,
        at_ms: int,
        run_id: RunId | None = None,
        trace: Headers | None = None,
    ) -> Draft:
        """Return the record of an event that nothing in the log caused."""
        head = [
            (env.ID, event_id.encode()),
            self.ce_type(type(event)),
            env.SPEC_VERSION,
            (env.SOURCE, f"/aether/{self.node}/{component}".encode()),
            (env.TIME, env.rfc3339(at_ms)),
            *(trace or ()),
        ]
        if run_id is not None:
            head.append((env.CORRELATION, run_id.encode()))
        return self.draft(topic, None, key.encode(), event, head)

    def draft(
        self, topic: str, partition: int | None, key: bytes, event: Any, head: Headers
    ) -> Draft:
        """Encode an event; a large one goes to the object store first. Raises StoreAway."""
        value = self.codec.encode(event)
        if len(value) > CLAIM_MIN:
            address = self._store.put(value[PREFIX.size :])
            head = [*head, (env.DATA_REFERENCE, address.encode())]
            value = value[: PREFIX.size]
        return Draft(topic, partition, key, value, head)

    def open(self, record: Record, head: Head | None = None) -> Envelope[Any]:
        """Decode a record whose kind is known; `head` are its headers, if they were read already.

        Raises Poison of every sort, and StoreAway.
        """
        head = dict(record.headers) if head is None else head
        return env.open_envelope(record, head, self._event(record, head))

    def opened(self, records: Iterable[Record], kinds: Container[type]) -> Iterator[Envelope[Any]]:
        """Yield the events of some kinds; what cannot be read the runner of its topic parks.

        Raises RegistryAway and StoreAway.
        """
        for record in records:
            with suppress(Poison):
                if self.codec.kind_of(record.value) in kinds:
                    yield self.open(record)

    def told(self, record: Record, head: Head, decode: Decode) -> tuple[str, Any]:
        """Return key and event alone of what `open` would return, and raise what it would.

        `decode` is the codec's, for all of the event or a part.
        """
        _, _, _, _, key, value, _ = record
        if value is None or head.get(REFERENCE) is not None:  # a header of Kafka's may be null
            value = self._value(record, head)
        event, given, said = decode(value), head.get(env.ID), head.get(env.CORRELATION)
        if key and given and said and key.isascii() and given.isascii() and said.isascii():
            return key.decode(), event  # as nearly all are
        return env.named(record, head)[0], event

    def _event(self, record: Record, head: Head) -> Any:
        return self.codec.decode(self._value(record, head))

    def _value(self, record: Record, head: Head) -> bytes:
        value = record.value or b""
        if (address := head.get(REFERENCE)) is not None:  # a header of Kafka's may be null
            value = value[: PREFIX.size] + self._claim(address)
        return value

    def _claim(self, address: bytes) -> bytes:
        try:
            return self._store.get(address.decode())
        except UnicodeDecodeError as exc:
            raise Undecodable(f"header {env.DATA_REFERENCE} is {address[:80]!r}") from exc
