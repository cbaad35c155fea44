"""Events as if read from a log, one after the other."""

from itertools import count
from typing import Any

from streams.envelope import Envelope
from streams.ids import EventId, RunId

_offsets = count()


def enveloped(event: Any, key: str = "key", *, cause: str = "") -> Envelope[Any]:
    """Put an event into an envelope at the next offset."""
    at = next(_offsets)
    head = {"ce_causationid": cause.encode()} if cause else {}
    run = RunId(getattr(event, "run_id", ""))
    return Envelope(event, EventId(f"event-{at}"), key, "topic", 0, at, at, run, head)
