"""How commands ask processors: an event into a stream, and the first answer that is theirs.

What was decided before they read from the stream as well.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from streams.envelope import Envelope
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.topics import Topic

ANSWER_S, TAKE_S = 30.0, 0.2


def answered(
    client: Client,
    topic: Topic,
    key: str,
    event: Any,
    answers: tuple[type, ...],
    mine: Callable[[Envelope[Any]], bool],
) -> Any:
    """Send an event and return the event that answers it. Raises TimeoutError if none does."""
    places = [(topic.name, part) for part in range(client.log.partitions(topic.name))]
    follower = client.log.follow({place: client.log.span(*place).end for place in places})
    deadline = time.monotonic() + ANSWER_S
    try:
        tell(client, topic, key, event)
        while time.monotonic() < deadline:
            for envelope in client.wire.opened(follower.take(TAKE_S), answers):
                if envelope.key == key and mine(envelope):
                    return envelope.event
    finally:
        follower.close()
    raise TimeoutError(f"it is in the log, but no worker answered within {ANSWER_S:.0f} s")


def tell(client: Client, topic: Topic, key: str, event: Any) -> None:
    """Send an event, durably."""
    client.send(topic, key, event, EventId(minted(int(time.time() * 1000), os.urandom(10))))
    client.flush()


def told(client: Client, topic: Topic, kinds: tuple[type, ...]) -> Iterator[Envelope[Any]]:
    """Yield a topic's past, of some kinds, repeats dropped."""
    seen = set[str]()
    for partition in range(client.log.partitions(topic.name)):
        span = client.log.span(topic.name, partition)
        for records in client.log.read(topic.name, partition, *span):
            for envelope in client.wire.opened(records, kinds):
                if envelope.event_id not in seen:
                    seen.add(envelope.event_id)
                    yield envelope
