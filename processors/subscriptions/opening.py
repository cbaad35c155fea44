"""Opening: a subscription's sentence becomes a vector, and its node gets its topic."""

import asyncio
from collections.abc import Sequence
from typing import Any

from processors.effects import Waits
from processors.subscriptions.ports import Encoder, Topics
from streams.envelope import Envelope
from streams.events.subscriptions import SubscriptionOpened, SubscriptionRegistered
from streams.ids import ProcessorName
from streams.topics import SUBSCRIPTIONS, Topic, matches_of


class Opening(Waits):
    """Does both before anything can match, so that a delivery always has its place."""

    name, version = ProcessorName("opening"), 1
    topic: Topic = SUBSCRIPTIONS
    reads: tuple[type, ...] = (SubscriptionRegistered,)
    writes: tuple[type, ...] = (SubscriptionOpened,)

    def __init__(self, encoder: Encoder, topics: Topics) -> None:
        self._encoder = encoder
        self._topics = topics

    async def perform(self, causes: Sequence[Envelope[SubscriptionRegistered]]) -> Sequence[Any]:
        """Open each subscription."""
        return [await self._open(cause) for cause in causes]

    async def _open(self, cause: Envelope[SubscriptionRegistered]) -> SubscriptionOpened:
        event = cause.event
        await asyncio.to_thread(self._topics.ensure, matches_of(cause.key))
        encoded = await self._encoder.encode([event.sentence])
        return SubscriptionOpened(
            sentence=event.sentence,
            threshold=event.threshold,
            version=event.version,
            active=event.active,
            encoder=encoded.encoder,
            vector=encoded.vectors[0],
        )
