"""Releasing: promoted weights are found in the log and said again, whole, for all to adopt."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from processors.effects import Waits
from processors.tuner.ports import Stream
from streams.envelope import Envelope
from streams.errors import Unacceptable
from streams.events.tuning import WeightsPromoted, WeightsReleased, WeightsTrained
from streams.events.weights import Weights
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic


class Releasing(Waits):
    """Gives a promoted version its content."""

    name, version = ProcessorName("releasing"), 1
    topic: Topic = TUNING
    reads: tuple[type, ...] = (WeightsPromoted,)
    writes: tuple[type, ...] = (WeightsReleased,)

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def perform(self, causes: Sequence[Envelope[WeightsPromoted]]) -> Sequence[Any]:
        """Find the weights, in a thread."""
        return [await asyncio.to_thread(self._release, cause) for cause in causes]

    def _release(self, cause: Envelope[WeightsPromoted]) -> WeightsReleased:
        version = cause.event.version
        weights = weights_of(self._stream.before(cause, (WeightsTrained,)), version)
        return WeightsReleased(version=version, weights=weights)


def weights_of(past: Iterable[Envelope[Any]], version: str) -> Weights:
    """Return the weights of a version. Raises Unacceptable if they were never trained here."""
    for envelope in past:
        if isinstance(envelope.event, WeightsTrained) and envelope.event.version == version:
            return envelope.event.weights
    raise Unacceptable(f"weights {version} are not in this stream")
