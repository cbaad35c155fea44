"""What a client says, made into a record: only what anybody may say, held to its schema."""

import time
from typing import NamedTuple

from gateway.api.cloudevents import DATA_SCHEMA, DATA_TYPE, KEY, CloudEvent
from gateway.errors import ApiError, invalid, refused
from streams import envelope as env
from streams.events import AREAS
from streams.events.offered import OFFERED
from streams.ids import EventId, of_source
from streams.io import schemas
from streams.io.avro_json import Unfit, from_json
from streams.io.codec import area_of
from streams.io.wire import Wire
from streams.log import Draft, Headers
from streams.scopes import NAMES_RULE, can_name
from streams.topics import TOPICS, Topic

#: Attributes that a record's headers say otherwise, or not at all.
_ELSEWHERE = frozenset({KEY, DATA_TYPE, DATA_SCHEMA, "specversion", "time", "correlationid"})


class Offer(NamedTuple):
    """A record on its way, and what its client is told of it."""

    event_id: EventId
    draft: Draft


def known_topic(name: str) -> Topic:
    """Return a topic that clients may write to. Raises ApiError."""
    topic = next((t for t in TOPICS if t.name == name), None)
    if topic is None:
        writable = ", ".join(OFFERED)
        raise refused(404, "unknown_topic", f"there is no topic {name!r}; clients write {writable}")
    if name not in OFFERED:
        raise refused(403, "derived_topic", f"{name} is written by the grid alone")
    return topic


def kind_of(topic: Topic, said: CloudEvent) -> type:
    """Return the event that is meant. Raises ApiError for one that no client may write."""
    named = said.attributes["type"]
    kinds = {schemas.ce_type(kind): kind for kind in AREAS[area_of(topic)]}
    allowed = [schemas.ce_type(kind) for kind in OFFERED[topic.name]]
    kind = kinds.get(named)
    if kind is None:
        told = f"{topic.name} has no event {named!r}; clients write {', '.join(allowed)}"
        raise invalid(told, f"{said.at}/type")
    if kind not in OFFERED[topic.name]:
        told = f"{named} is decided by the grid; clients write {', '.join(allowed)}"
        raise refused(403, "derived_event", told, [(f"{said.at}/type", told)])
    return kind


def offer_of(topic: Topic, said: CloudEvent, wire: Wire) -> Offer:
    """Return the record of what a client says. Raises ApiError, and StoreAway if it is large."""
    kind = kind_of(topic, said)
    if not can_name(said.key):
        raise invalid(f"{KEY} is the {topic.key}: {NAMES_RULE}", f"{said.at}/{KEY}")
    schema = said.attributes.get(DATA_SCHEMA)
    if schema is not None and schema.rpartition("/")[2] != schemas.full_name(kind):
        raise refused(
            422, "incompatible_schema", f"{schema!r} is no schema of {schemas.full_name(kind)}",
            [(f"{said.at}/{DATA_SCHEMA}", f"is not .../{schemas.full_name(kind)}")],
        )  # fmt: skip
    try:
        event = from_json(kind, said.data)
    except Unfit as error:
        raise _unfit(said, error) from None
    run_id = getattr(event, "run_id", None)
    if run_id is not None and not can_name(run_id):
        raise invalid(f"run_id has {NAMES_RULE}", f"{said.at}/data/run_id")
    event_id = of_source(said.attributes["source"], said.id)
    head = _head(said, event_id, wire.ce_type(kind), run_id)
    return Offer(event_id, wire.draft(topic.name, None, said.key.encode(), event, head))


def _head(
    said: CloudEvent, event_id: EventId, ce_type: tuple[str, bytes], run_id: str | None
) -> Headers:
    given = said.attributes
    at = given.get("time", "").encode() or env.rfc3339(int(time.time() * 1000))
    run = run_id or given.get("correlationid")
    return [
        (env.ID, event_id.encode()),
        ce_type,
        env.SPEC_VERSION,
        (env.TIME, at),
        *([(env.CORRELATION, run.encode())] if run else []),
        *(
            (f"ce_{n}", v.encode())
            for n, v in given.items()
            if n not in _ELSEWHERE | {"id", "type"}
        ),
        *said.trace.items(),
    ]


def _unfit(said: CloudEvent, error: Unfit) -> ApiError:
    at = f"{said.at}/data" if said.at else ""
    faults = [(f"{at}{fault.pointer}", fault.detail) for fault in error.faults]
    return refused(422, "schema_mismatch", str(error), faults)
