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

#: Among so many the rejected answer is looked for: what is not, has next to no share.
FOREMOST = 5
#: Below it, "none of these" is the answer that counts as right where it is.
THRESHOLD = 0.5


class Comparing(Waits):
    """Counts where one of two weights was right and the other was not."""

    name, version = ProcessorName("comparing"), 3
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
        better, worse = disputed(new, old, said)
        return WeightsCompared(
            version=asked.version,
            against=asked.against,
            judged=len(said),
            better=better,
            worse=worse,
        )


def judge_of(syllabus: Syllabus, weights: Any) -> Judge:
    """Return what weighs every capability in use: by weights, or by what it is known by."""
    learned = frozenset(weights.labels)
    spoken = {n: e for n, e in sorted(syllabus.known.items()) if e.encoder == weights.encoder}
    late = [
        (name, mean)
        for name, event in spoken.items()
        if name not in learned and (mean := centroid(event.vectors)) is not None
    ]
    return Judge(weights, frozenset(spoken), late)


def disputed(new: Judge, old: Judge, said: Sequence[Lesson]) -> tuple[int, int]:
    """Return on how many lessons the new was right and the old was not, and the other way round.

    Who is only known to be wrong gives the other no more than the chance it gives itself, now
    that the rejected answer is out: it may be wrong, too. What remains counts for nobody.
    """
    better = worse = 0.0
    for lesson in said:
        ours, theirs = credit(new, lesson), credit(old, lesson)
        if lesson.wrong is None or 0.0 in (ours, theirs):
            better += ours if ours > theirs else 0.0
            worse += theirs if theirs > ours else 0.0
    return int(better), int(worse)


def credit(judge: Judge, lesson: Lesson) -> float:
    """Return how likely a judge is right, by what the lesson teaches and its own shares."""
    vector = exact(lesson.vector)
    if vector is None or len(vector) != judge.dimensions:
        return 0.0
    told = judge.judge(vector, FOREMOST)
    if lesson.wrong is not None:
        best, *others = told.scored
        spared = sum(other.share for other in others if other.label == lesson.wrong)
        return 0.0 if best.label == lesson.wrong else best.share / (1 - spared)
    if lesson.label is None:
        return float(told.confidence < THRESHOLD)
    return float(told.scored[0].label == lesson.label)
