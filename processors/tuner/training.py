"""Training: what a request asks for of the tuner's stream before it becomes weights.

The outcome is in the log, so that whoever trained, everyone decides with the same.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from processors.classifier.training import TooFew, Unteachable, train, version_of
from processors.effects import Waits
from processors.tuner.ports import Stream
from processors.tuner.syllabus import READS, Syllabus
from streams.envelope import Envelope
from streams.events.tuning import TrainingFailed, TrainingRequested, WeightsTrained
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic


class Training(Waits):
    """Learns weights, in a thread; one request of a target at a time."""

    name, version = ProcessorName("training"), 3
    topic: Topic = TUNING
    reads: tuple[type, ...] = (TrainingRequested,)
    writes: tuple[type, ...] = (WeightsTrained, TrainingFailed)

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def perform(self, causes: Sequence[Envelope[TrainingRequested]]) -> Sequence[Any]:
        """Learn from what stands before each request."""
        return [await asyncio.to_thread(self._learn, cause) for cause in causes]

    def _learn(self, cause: Envelope[TrainingRequested]) -> WeightsTrained | TrainingFailed:
        asked = cause.event
        syllabus = Syllabus(self._stream.before(cause, READS), asked.feedback_through)
        lessons, name = syllabus.lessons(), asked.training_id
        try:
            weights = train(syllabus.encoder, lessons)
        except Unteachable as error:
            reason = "too_few" if isinstance(error, TooFew) else "too_many"
            return TrainingFailed(training_id=name, reason=reason, detail=str(error))
        return WeightsTrained(
            training_id=name, version=version_of(weights), lessons=len(lessons), weights=weights
        )
