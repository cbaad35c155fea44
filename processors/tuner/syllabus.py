"""What there is to learn from: the examples of every capability, and what people said since.

A bounded fold of one stream: the latest feedback counts, and a capability's newest version. A run
is one lesson, however often somebody speaks of it.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from processors.classifier.training import EXAMPLES_MIN, Lesson
from streams.envelope import Envelope
from streams.events.tuning import (
    ExamplesDropped,
    ExamplesLearned,
    FeedbackAccepted,
    FeedbackGiven,
)
from streams.ids import CapabilityId, RunId

FEEDBACK_MAX = 50_000

READS = (ExamplesLearned, ExamplesDropped, FeedbackGiven, FeedbackAccepted)


class Syllabus:
    """Everything learned so far; feedback given after offset `through`, if told, is left out."""

    def __init__(self, past: Iterable[Envelope[Any]] = (), through: int | None = None) -> None:
        self._through = through
        #: The encoder that spoke last; vectors of others mean nothing beside its.
        self.encoder = ""
        #: What is in use.
        self.known: dict[CapabilityId, ExamplesLearned] = {}
        self._versions: dict[CapabilityId, int] = {}
        #: What was said of a run last, with the offset of what was said of it first.
        self.feedback: OrderedDict[RunId, tuple[int, FeedbackGiven]] = OrderedDict()
        self._given: dict[str, tuple[int, FeedbackGiven]] = {}
        for envelope in past:
            self.take(envelope)

    def take(self, envelope: Envelope[Any]) -> None:
        """Take in one event; feedback counts once the tuner accepted it."""
        event = envelope.event
        match event:
            case ExamplesLearned() | ExamplesDropped():
                if self._versions.get(event.capability, -1) < event.version:
                    self._versions[event.capability] = event.version
                    self._replace(event)
            case FeedbackGiven():
                if self._through is None or envelope.offset <= self._through:
                    self._given[envelope.event_id] = envelope.offset, event
            case FeedbackAccepted():
                given = self._given.pop(envelope.cause_id or "", None)
                if given is not None:
                    self._heed(*given)

    def lessons(self) -> list[Lesson]:
        """Return all of them; a capability with too few examples is known by its centroid."""
        said = [lesson for _, lesson in self.said()]
        return [*self._own(Counter(lesson.label for lesson in said)), *said]

    def said(self, since: int = -1) -> Iterator[tuple[int, Lesson]]:
        """Yield what feedback after an offset teaches; "wrong" alone, what is not right.

        A run that was spoken of before is none of it, even if it is spoken of again.
        """
        for offset, event in self.feedback.values():
            if offset > since and event.encoder == self.encoder:
                wrong = event.chosen if event.label is None else None
                if event.none_of_these:
                    yield offset, Lesson(event.vector, None)
                elif (event.label or wrong) in self.known:
                    yield offset, Lesson(event.vector, event.label, wrong)

    def _replace(self, event: ExamplesLearned | ExamplesDropped) -> None:
        if isinstance(event, ExamplesDropped):
            self.known.pop(event.capability, None)
            return
        self.known[event.capability] = event
        self.encoder = event.encoder

    def _heed(self, offset: int, event: FeedbackGiven) -> None:
        first, _ = self.feedback.get(event.run_id, (offset, event))
        self.feedback[event.run_id] = first, event
        if len(self.feedback) > FEEDBACK_MAX:
            self.feedback.popitem(last=False)

    def _own(self, said: Mapping[str | None, int]) -> Iterator[Lesson]:
        """Yield what capabilities say of themselves, their descriptions included.

        Who is taught by feedback alone says it, too: learned without it, it would be forgotten.
        """
        for capability, event in self.known.items():
            examples = len(event.vectors) - 1 + said.get(capability, 0)
            if event.encoder == self.encoder and examples >= EXAMPLES_MIN:
                yield from (Lesson(vector, capability) for vector in event.vectors)
