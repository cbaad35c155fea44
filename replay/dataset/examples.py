"""What a run teaches: what was asked, what was answered, and which events say so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from replay.diff import side_of
from replay.figures import Told
from replay.fork import How
from replay.histories import histories
from replay.past import Past
from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.forks import ForkMade
from streams.events.sessions import (
    InferenceRequested,
    Message,
    RequestReceived,
    ResponseCompleted,
)
from streams.ids import EventId, RunId
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import FORKS, SESSIONS

#: Returns what a model was told, from the event that asked it.
Prompt = Callable[[InferenceRequested], Sequence[Message]]

#: What people said of runs and forks.
Judged = Mapping[RunId, Told]


class Example(NamedTuple):
    """A run, or a fork of one, as it is learned from.

    `messages` is what the model was told, or else what the client sent. `event_ids` are those of
    the request, of the question to the model and of the answer, as far as there are.
    """

    run_id: RunId
    session: str
    at_ms: int
    messages: tuple[Message, ...]
    question: str
    outcome: str
    answer: str
    capability: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    milliseconds: int
    event_ids: tuple[EventId, ...]

    @property
    def completed(self) -> bool:
        """Whether there is an answer to learn from; a mere call of a tool is none."""
        return self.outcome == "completed" and bool(self.answer)


def pasts(log: EventLog, wire: Wire) -> Iterator[Past]:
    """Yield every run that is over, with what happened beside it."""
    for partition in range(log.partitions(SESSIONS.name)):
        yield from histories((), log, wire, partition)


def example_of(past: Past, prompt: Prompt) -> Example | None:
    """Return what a run teaches; None if its beginning is not in the log."""
    own = [envelope for envelope in past.stream if envelope.run_id == past.run_id]
    request = _first(own, RequestReceived)
    if request is None:
        return None
    asked, done = _first(own, InferenceRequested), _first(own, ResponseCompleted)
    side = side_of(own)
    known = (envelope for envelope in (request, asked, done) if envelope is not None)
    return Example(
        run_id=past.run_id,
        session=past.key,
        at_ms=request.recorded_at_ms,
        messages=tuple(prompt(asked.event) if asked else request.event.messages),
        question=request.event.text,
        outcome=side.outcome,
        answer=side.text,
        capability=done.event.capability if done else "",
        model=done.event.model if done else "",
        prompt_tokens=done.event.prompt_tokens if done else 0,
        completion_tokens=done.event.completion_tokens if done else 0,
        milliseconds=side.milliseconds,
        event_ids=tuple(envelope.event_id for envelope in known),
    )


def forked(
    runs: Mapping[RunId, Example], log: EventLog, wire: Wire, prompt: Prompt
) -> Iterator[Example]:
    """Yield what the forks of these runs teach, where nothing in them is a stand-in."""
    known = dict(runs)
    for partition in range(log.partitions(FORKS.name)):
        for records in log.read(FORKS.name, partition, *log.span(FORKS.name, partition)):
            for record in records:
                with suppress(Poison):
                    if wire.codec.kind_of(record.value) is ForkMade:
                        opened = wire.open(record)
                        made = _of_fork(RunId(opened.key), opened.event, known, wire, prompt)
                        if made is not None:
                            known[made.run_id] = made
                            yield made


def _of_fork(
    fork_id: RunId, made: ForkMade, known: Mapping[RunId, Example], wire: Wire, prompt: Prompt
) -> Example | None:
    origin = known.get(made.origin)
    if origin is None or any(step.how == How.STUBBED for step in made.steps):
        return None
    events = [(step.event_id, wire.codec.decode(step.value)) for step in made.steps]
    asked = next((e for e in events if isinstance(e[1], InferenceRequested)), None)
    done = next((e for e in events if isinstance(e[1], ResponseCompleted)), None)
    if done is None:
        return None
    request = next((e for _, e in events if isinstance(e, RequestReceived)), None)
    messages: Sequence[Message] = request.messages if request else origin.messages
    return origin._replace(
        run_id=fork_id,
        messages=tuple(prompt(asked[1]) if asked else messages),
        question=request.text if request else origin.question,
        answer=done[1].text,
        capability=done[1].capability,
        model=done[1].model,
        prompt_tokens=done[1].prompt_tokens,
        completion_tokens=done[1].completion_tokens,
        event_ids=(*origin.event_ids[:1], *(e[0] for e in (asked, done) if e is not None)),
    )


def _first(own: Sequence[Envelope[Any]], kind: type) -> Envelope[Any] | None:
    return next((envelope for envelope in own if isinstance(envelope.event, kind)), None)
