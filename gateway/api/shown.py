"""A record as its readers see it: a CloudEvent in JSON, with where it stands in the log.

What cannot be read is shown with the reason, never left out: it is in the log.
"""

from typing import Any

from streams import envelope as env
from streams.envelope import Envelope, Head
from streams.errors import Poison
from streams.io import schemas
from streams.io.avro_json import to_json
from streams.io.wire import Wire
from streams.log import Record

#: Headers that are attributes under another name, or said by what is always told.
_TOLD = frozenset({env.ID, env.TYPE, env.TIME, env.SOURCE, env.CORRELATION})
_OWN = {env.CAUSE: "aethercause", env.REQUEST: "aetherrequest", env.PROCESSOR: "aetherprocessor"}
_TRACE = (env.TRACE_PARENT, env.TRACE_STATE)


def shown(record: Record, wire: Wire) -> dict[str, Any]:
    """Return a record as JSON. Raises StoreAway and RegistryAway: it can be read later."""
    try:
        if wire.codec.kind_of(record.value) is None:
            return _unread(record, "its schema is none of ours")
        return told(wire.open(record))
    except Poison as error:
        return _unread(record, str(error))


def told(event: Envelope[Any]) -> dict[str, Any]:
    """Return an event as a CloudEvent in JSON."""
    head = event.head
    at = head.get(env.TIME) or env.rfc3339(event.recorded_at_ms)
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": _text(head.get(env.SOURCE, b"/unknown")),
        "type": schemas.ce_type(type(event.event)),
        "time": _text(at),
        "partitionkey": event.key,
        **_placed(event.topic, event.partition, event.offset, event.recorded_at_ms),
        **({"correlationid": event.run_id} if event.run_id else {}),
        **_more(head),
        "datacontenttype": "application/json",
        "data": to_json(event.event),
    }


def _unread(record: Record, why: str) -> dict[str, Any]:
    head = dict(record.headers)
    return {
        "specversion": "1.0",
        "id": _text(head.get(env.ID) or b""),
        "type": _text(head.get(env.TYPE) or b""),
        "partitionkey": _text(record.key or b""),
        **_placed(record.topic, record.partition, record.offset, record.timestamp_ms),
        **_more(head),
        "unreadable": why,
        "data": None,
    }


def _placed(topic: str, partition: int, offset: int, at_ms: int) -> dict[str, Any]:
    recorded = env.rfc3339(at_ms).decode()
    return {"topic": topic, "partition": partition, "offset": offset, "recordedtime": recorded}


def _more(head: Head) -> dict[str, str]:
    own = {name: head[header] for header, name in _OWN.items() if header in head}
    trace = {name: head[name] for name in _TRACE if name in head}
    extensions = {
        name.removeprefix("ce_"): value
        for name, value in head.items()
        if name.startswith("ce_") and name not in _TOLD
    }
    return {name: _text(value) for name, value in {**extensions, **own, **trace}.items()}


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
