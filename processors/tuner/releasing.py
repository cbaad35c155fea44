"""Releasing: promoted weights are found in the log and said again, whole, for all to adopt."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from processors.tuner.ports import Stream
from streams.effects import Safety
from streams.envelope import Envelope
from streams.errors import Fatal, Transient, Unacceptable
from streams.events.tuning import Weights, WeightsPromoted, WeightsReleased, WeightsTrained
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic


class Releasing:
    """Gives a promoted version its content."""

    name, version = ProcessorName("releasing"), 1
    topic: Topic = TUNING
    reads: tuple[type, ...] = (WeightsPromoted,)
    writes: tuple[type, ...] = (WeightsReleased,)
    depends_on: tuple[str, ...] = ()
    safety = Safety.REPEATABLE
    batch_max = 1
    patience_s: float | None = None

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def perform(self, causes: Sequence[Envelope[WeightsPromoted]]) -> Sequence[Any]:
        """Find the weights, in a thread."""
        return [await asyncio.to_thread(self._release, cause) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[WeightsPromoted], error: Transient) -> Any:
        """Never: a release waits for the log."""
        raise Fatal(f"release of {cause.event_id} was given up") from error

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
