"""What effects did, found again by what was asked of them: the only effects a replay knows.

A request is the same as a recorded one if everything that its outcome depends on is the same,
whatever run it belonged to. What was never asked has no outcome: nothing here could call anyone.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, NamedTuple, Protocol

from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import EffectDuringReplay
from streams.events.sessions import CANCELLED
from streams.ids import EventId, ProcessorName, RunId
from streams.plain import Plain, form_of, text_of

#: The fields that say whose event it is, and nothing about its content.
IDENTITY = ("run_id", "inference_id")

#: Of which effect, and the fields that count with their values.
Asked = tuple[ProcessorName, Sequence[str], tuple[Any, ...]]


@cache
def _content_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in IDENTITY)


def _answers(event: Any, request: Any) -> bool:
    """Whether an event is of the run, and of the model, that a request is of."""
    known = (n for n in ("run_id", "model") if hasattr(event, n) and hasattr(request, n))
    return all(getattr(event, name) == getattr(request, name) for name in known)


def plain_of(event: Any) -> Plain:
    """Return an event as plain data."""
    kind: Any = type(event)
    return form_of(kind).dump(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """An effect as replay sees it: the requests it reads, and of these the fields that count.

    `missing(request)` is the event that stands where no outcome was recorded.
    """

    name: ProcessorName
    reads: tuple[type, ...]
    writes: tuple[type, ...]
    depends_on: tuple[str, ...]
    safety: EffectClass
    missing: Callable[[Envelope[Any]], Any]

    def asked(self, request: Any) -> Asked:
        """Return what a request asks; equal requests ask the same."""
        names = self._counting(request)
        return (self.name, names, tuple([getattr(request, name) for name in names]))

    def digest(self, request: Any) -> bytes:
        """Return the hash of what a request asks, the same in every process."""
        plain, names = plain_of(request), self._counting(request)
        asked = text_of([self.name, {name: plain[name] for name in names}])
        return hashlib.sha256(asked.encode()).digest()

    def _counting(self, request: Any) -> Sequence[str]:
        kind: Any = type(request)
        return self.depends_on or _content_of(kind)


class Outcome(NamedTuple):
    """What was recorded: the event, and how long after its request it stood in the log."""

    event: Any
    milliseconds: int

    @property
    def of_its_run_alone(self) -> bool:
        """Whether it says that nobody waited any more, and nothing of what was asked."""
        return getattr(self.event, "reason", None) == CANCELLED

    def answering(self, request: Any) -> "Outcome":
        """Return the outcome as that of another run's equal request."""
        known = (name for name in IDENTITY if hasattr(self.event, name) and hasattr(request, name))
        return self._replace(
            event=replace(self.event, **{name: getattr(request, name) for name in known})
        )


class Answer(NamedTuple):
    """A request with what came of it."""

    effect: Outside
    request: Envelope[Any]
    outcome: Outcome


class Answers:
    """Pairs requests with the first outcome of each, as they are read in the order of the log."""

    def __init__(self, effects: Iterable[Outside]) -> None:
        effects = tuple(effects)
        self._by_request = {kind: effect for effect in effects for kind in effect.reads}
        self._by_outcome = {kind: effect for effect in effects for kind in effect.writes}
        self._authors = {effect.name: effect for effect in effects}
        self._waiting: dict[tuple[ProcessorName, EventId], Envelope[Any]] = {}

    def read(self, envelope: Envelope[Any], author: ProcessorName | None) -> Answer | None:
        """Take a record in; return the answer that it is, if it is one.

        What no effect wrote is a node's, or stands for it: it is the outcome of the request that it
        says caused it, if that is whose it is.
        """
        effect = self._by_request.get(type(envelope.event))
        if effect is not None:
            self._waiting[effect.name, envelope.event_id] = envelope
        outcomes = self._by_outcome.get(type(envelope.event))
        effect = outcomes if author is None else self._authors.get(author, outcomes)
        cause = envelope.cause_id
        if effect is None or cause is None or not isinstance(envelope.event, effect.writes):
            return None
        request = self._waiting.get((effect.name, cause))
        if request is None or not _answers(envelope.event, request.event):
            return None
        del self._waiting[effect.name, cause]
        took = max(0, envelope.recorded_at_ms - request.recorded_at_ms)
        return Answer(effect, request, Outcome(envelope.event, took))


class Record(Protocol):
    """What is known of outcomes."""

    @property
    def effects(self) -> tuple[Outside, ...]:
        """The effects whose outcomes these are."""

    def find(self, effect: Outside, request: Envelope[Any]) -> Outcome | None:
        """Return what came of the same request, as that of this one; None if nothing is known."""


class Recorded:
    """Outcomes by what was asked: the run's own if it asked the same, else the first in the log.

    What is not among those learned is looked for `elsewhere`.
    """

    def __init__(self, effects: Iterable[Outside], elsewhere: Record | None = None) -> None:
        self.effects = tuple(effects)
        self._elsewhere = elsewhere
        self._answers = Answers(self.effects)
        self._outcomes: dict[Asked, Outcome] = {}
        self._own: dict[tuple[RunId, Asked], Outcome] = {}

    def __len__(self) -> int:
        return len(self._outcomes)

    def learn(self, envelope: Envelope[Any], author: ProcessorName | None) -> None:
        """Take a record in, in the order of the log; what names no author is a node's."""
        answer = self._answers.read(envelope, author)
        if answer is not None:
            asked = answer.effect.asked(answer.request.event)
            if not answer.outcome.of_its_run_alone:
                self._outcomes.setdefault(asked, answer.outcome)
            self._own.setdefault((answer.request.run_id, asked), answer.outcome)

    def find(self, effect: Outside, request: Envelope[Any]) -> Outcome | None:
        """Return what came of the same request, as that of this one; None if nothing is known."""
        asked = effect.asked(request.event)
        found = self._own.get((request.run_id, asked)) or self._outcomes.get(asked)
        if found is not None:
            return found.answering(request.event)
        return None if self._elsewhere is None else self._elsewhere.find(effect, request)

    def outcome(self, effect: Outside, request: Envelope[Any]) -> Outcome:
        """Return what `find` does. Raises EffectDuringReplay if nothing is known."""
        found = self.find(effect, request)
        if found is None:
            raise EffectDuringReplay(
                f"{effect.name} was never asked what {type(request.event).__name__}"
                f" {request.event_id} asks, and a replay calls nobody",
                fix="see what else would have happened with `--live`, if the effect allows it",
            )
        return found
