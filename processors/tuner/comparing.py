"""Comparing: two weights judge the same later lessons, as the router would have."""

import asyncio
from collections.abc import Sequence
from typing import Any

from processors.classifier.exact import Judge, centroid, exact
from processors.classifier.training import Lesson
from processors.effects import Waits
from processors.tuner.ports import Stream
from processors.tuner.releasing import weights_of
from processors.tuner.syllabus import READS, Syllabus
from streams.envelope import Envelope
from streams.events.tuning import ComparisonRequested, WeightsCompared, WeightsTrained
from streams.ids import ProcessorName
from streams.topics import TUNING, Topic

#: Below it, "none of these" is the answer that counts as right where it is.
THRESHOLD = 0.5


class Comparing(Waits):
    """Counts where one of two weights was right and the other was not."""

    name, version = ProcessorName("comparing"), 1
    topic: Topic = TUNING
    reads: tuple[type, ...] = (ComparisonRequested,)
    writes: tuple[type, ...] = (WeightsCompared,)

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def perform(self, causes: Sequence[Envelope[ComparisonRequested]]) -> Sequence[Any]:
        """Compare as asked, in a thread."""
        return [await asyncio.to_thread(self._compare, cause) for cause in causes]

    def _compare(self, cause: Envelope[ComparisonRequested]) -> WeightsCompared:
        asked = cause.event
        past = list(self._stream.before(cause, (*READS, WeightsTrained)))
        syllabus = Syllabus(past)
        new, old = (
            judge_of(syllabus, weights_of(past, version))
            for version in (asked.version, asked.against)
        )
        said = [
            lesson for offset, lesson in syllabus.said(since=asked.since) if offset <= asked.through
        ]
        pairs = [(right(new, lesson), right(old, lesson)) for lesson in said]
        return WeightsCompared(
            version=asked.version,
            against=asked.against,
            judged=len(pairs),
            better=sum(ours and not theirs for ours, theirs in pairs),
            worse=sum(theirs and not ours for ours, theirs in pairs),
        )


def judge_of(syllabus: Syllabus, weights: Any) -> Judge:
    """Return what weighs every known capability: by weights, or by what it is known by."""
    learned = frozenset(weights.labels)
    late = [
        (name, mean)
        for name, event in sorted(syllabus.known.items())
        if name not in learned and (mean := centroid(event.vectors)) is not None
    ]
    return Judge(weights, frozenset(syllabus.known), late)


def right(judge: Judge, lesson: Lesson) -> bool:
    """Whether a judge says what the lesson teaches."""
    vector = exact(lesson.vector)
    if vector is None or len(vector) != judge.dimensions:
        return False
    told = judge.judge(vector, 1)
    if lesson.label is None:
        return told.confidence < THRESHOLD
    return told.scored[0].label == lesson.label
