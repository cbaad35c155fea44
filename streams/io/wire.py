"""Between events and records: encoding, headers and the claim check for large payloads.

A payload over CLAIM_MIN bytes lies in the object store before its record is appended; the record
then holds the schema id and the content's address alone.
"""

from collections.abc import Iterable
from typing import Any

from streams import envelope as env
from streams import ids
from streams.envelope import Envelope
from streams.errors import Undecodable
from streams.ids import EventId, ProcessorName, RunId
from streams.io.codec import PREFIX, Encoding
from streams.io.objects import ObjectStore
from streams.log import Draft, Headers, Record

CLAIM_MIN = 256 * 1024


class Author:
    """Writes the drafts of one processor: their ids, headers and bytes follow from the cause."""

    def __init__(self, wire: "Wire", processor: ProcessorName, version: int) -> None:
        self.processor = processor
        self._wire = wire
        self._source = f"/aether/{wire.node}/{processor}".encode()
        self._signature = (env.PROCESSOR, f"{processor}/{version}".encode())

    def decision(self, cause: Envelope[Any], events: tuple[Any, ...]) -> list[Draft]:
        """Return the records of one decision: same topic, same partition, same key as its cause."""
        steps, key = len(events), cause.key.encode()
        drafts = []
        for step, event in enumerate(events):
            place = (env.CAUSE, f"{cause.offset}/{step}/{steps}".encode())
            head = self._head(cause, step, event, (place, self._signature))
            drafts.append(self._wire.draft(cause.topic, cause.partition, key, event, head))
        return drafts

    def outcome(
        self,
        cause: Envelope[Any],
        event: Any,
        *,
        topic: str | None = None,
        partition: int | None = None,
        key: str | None = None,
        step: int = 0,
    ) -> Draft:
        """Return the record of an effect's outcome, or of what a link carries to another topic.

        An outcome names the offset of its request, so that readers can tell repeats; what a link
        carries has no offset in its new topic.
        """
        own = [self._signature]
        if topic is None:
            topic, partition = cause.topic, cause.partition
            own.append((env.REQUEST, str(cause.offset).encode()))
        head = self._head(cause, step, event, own)
        return self._wire.draft(topic, partition, (key or cause.key).encode(), event, head)

    def _head(
        self, cause: Envelope[Any], step: int, event: Any, own: Iterable[tuple[str, bytes]]
    ) -> Headers:
        return env.headers(
            event_id=ids.of_decision(cause.event_id, self.processor, step),
            type_=self._wire.ce_type(type(event)),
            source=self._source,
            at_ms=cause.recorded_at_ms,
            run_id=cause.run_id,
            cause_id=cause.event_id,
            trace=cause.trace,
            own=own,
        )


class Wire:
    """Turns events into drafts and records into envelopes, for one process."""

    def __init__(self, codec: Encoding, store: ObjectStore, node: str = "local") -> None:
        self.codec = codec
        self.node = node
        self._store = store
        self._types: dict[type, bytes] = {}

    def ce_type(self, kind: type) -> bytes:
        """Return the CloudEvents type of an event class as a header value."""
        if kind not in self._types:
            self._types[kind] = self.codec.ce_type(kind).encode()
        return self._types[kind]

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
        head = env.headers(
            event_id=event_id,
            type_=self.ce_type(type(event)),
            source=f"/aether/{self.node}/{component}".encode(),
            at_ms=at_ms,
            run_id=run_id or RunId(""),
            trace=trace or (),
        )
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

    def open(self, record: Record) -> Envelope[Any]:
        """Decode a record whose kind is known. Raises Poison of every sort, and StoreAway."""
        return env.open_envelope(record, self.codec.decode(self._payload(record)))

    def _payload(self, record: Record) -> bytes:
        value = record.value or b""
        for name, address in record.headers:
            if name == env.DATA_REFERENCE:
                try:
                    return value[: PREFIX.size] + self._store.get(address.decode())
                except UnicodeDecodeError as exc:
                    raise Undecodable(f"header {name} is not text: {address[:80]!r}") from exc
        return value
