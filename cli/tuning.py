"""How commands speak to the tuner, and read what it decided."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from cli.answers import answered
from cli.answers import tell as tell_into
from streams.envelope import Envelope
from streams.errors import Poison
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import ROUTER_KEY, TUNING


def heard(event: Any, answers: tuple[type, ...], mine: Callable[[Any], bool]) -> Any:
    """Send an event to the tuner and return its answer. Raises TimeoutError if none comes."""
    with Client(read_settings()) as client:
        return answered(client, TUNING, ROUTER_KEY, event, answers, lambda e: mine(e.event))


def tell(client: Client, event: Any) -> None:
    """Send an event to the tuner, durably."""
    tell_into(client, TUNING, ROUTER_KEY, event)


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
