"""How commands speak to the tuner: an event into its stream, and the answer that comes of it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from processors.tuner.links import ROUTER_KEY
from streams.envelope import Envelope
from streams.errors import Poison
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import TUNING

ANSWER_S, TAKE_S = 30.0, 0.2


def heard(event: Any, answers: tuple[type, ...], mine: Callable[[Any], bool]) -> Any:
    """Send an event to the tuner and return its answer. Raises TimeoutError if none comes."""
    with Client(read_settings()) as client:
        parts = range(client.log.partitions(TUNING.name))
        ends = {(TUNING.name, p): client.log.span(TUNING.name, p).end for p in parts}
        tell(client, event)
        follower, deadline = client.log.follow(ends), time.monotonic() + ANSWER_S
        try:
            while time.monotonic() < deadline:
                for record in follower.take(TAKE_S):
                    if client.wire.codec.kind_of(record.value) in answers:
                        answer = client.wire.open(record).event
                        if mine(answer):
                            return answer
        finally:
            follower.close()
    raise TimeoutError(f"it is in the log, but no tuner answered within {ANSWER_S:.0f} s")


def tell(client: Client, event: Any) -> None:
    """Send an event to the tuner, durably."""
    client.send(TUNING, ROUTER_KEY, event, EventId(minted(int(time.time() * 1000), os.urandom(10))))
    client.flush()


def told(client: Client, kinds: tuple[type, ...]) -> Iterator[Envelope[Any]]:
    """Yield the tuner's past, repeats dropped."""
    seen = set[str]()
    for partition in range(client.log.partitions(TUNING.name)):
        span = client.log.span(TUNING.name, partition)
        for records in client.log.read(TUNING.name, partition, *span):
            for record in records:
                with suppress(Poison):
                    if client.wire.codec.kind_of(record.value) in kinds:
                        envelope = client.wire.open(record)
                        if envelope.event_id not in seen:
                            seen.add(envelope.event_id)
                            yield envelope
