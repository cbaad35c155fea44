"""What a run teaches: what was asked, what was answered, and which events say so."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from replay.diff import side_of
from replay.fork import How
from replay.histories import histories
from replay.judged import Judgement
from replay.past import Past
from replay.unrepeated import Ends, opened
from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.forks import ForkMade
from streams.events.sessions import (
    InferenceRequested,
    Message,
    RequestReceived,
    ResponseCompleted,
    ToolCall,
)
from streams.ids import EventId, RunId
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import FORKS, SESSIONS

#: Returns what a model was told, from the event that asked it.
Prompt = Callable[[InferenceRequested], Sequence[Message]]


class Example(NamedTuple):
    """A run, or a fork of one, as it is learned from.

    `messages` is what the model was told, or else what the client sent; `reward` and `label` are
    what people said of it. `verbatim` is what else was asked of the model, `calls` what tools its
    answer calls. `event_ids` are those of the request, of the question to the model and
    of the answer, as far as there are, of what keeps a fork, and of what was said.
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
    reward: float | None = None
    label: str | None = None
    calls: tuple[ToolCall, ...] = ()
    verbatim: str = ""

    @property
    def completed(self) -> bool:
        """Whether there is an answer to learn from; a mere call of a tool is none."""
        return self.outcome == "completed" and bool(self.answer)


def pasts(log: EventLog, wire: Wire, ends: Ends) -> Iterator[Past]:
    """Yield every run that is over by some ends, with what happened beside it."""
    for partition in range(log.partitions(SESSIONS.name)):
        end = ends.get((SESSIONS.name, partition))
        yield from histories((), log, wire, partition, end=end)


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
        calls=done.event.tool_calls if done else (),
        verbatim=(asked or request).event.options.verbatim,
    )


def forked(
    runs: Mapping[RunId, Example], log: EventLog, wire: Wire, prompt: Prompt, ends: Ends
) -> Iterator[Example]:
    """Yield what the forks of these runs teach, where nothing in them is a stand-in."""
    known, waiting = dict(runs), _kept(log, wire, ends)
    while ready := [fork_id for fork_id, kept in waiting.items() if kept.event.origin in known]:
        for fork_id in ready:
            kept = waiting.pop(fork_id)
            with suppress(Poison):
                made = _of_fork(fork_id, kept, known[kept.event.origin], wire, prompt)
                if made is not None:
                    known[fork_id] = made
                    yield made


def judged(examples: Iterable[Example], said: Mapping[RunId, Judgement]) -> Iterator[Example]:
    """Yield examples with what people said of them, and the event that says so."""
    for example in examples:
        judgement = said.get(example.run_id)
        yield (
            example
            if judgement is None
            else example._replace(
                reward=judgement.told.reward,
                label=judgement.told.label,
                event_ids=(*example.event_ids, judgement.event_id),
            )
        )


def _kept(log: EventLog, wire: Wire, ends: Ends) -> dict[RunId, Envelope[ForkMade]]:
    """Return the forks that are kept; a fork of a fork may stand before it, in other partitions."""
    found: dict[RunId, Envelope[ForkMade]] = {}
    for partition in range(log.partitions(FORKS.name)):
        end = ends.get((FORKS.name, partition))
        for _, entries in opened(log, wire, FORKS.name, partition, frozenset({ForkMade}), end):
            for envelope, _ in entries:
                found.setdefault(RunId(envelope.key), envelope)
    return found


def _of_fork(
    fork_id: RunId, kept: Envelope[ForkMade], origin: Example, wire: Wire, prompt: Prompt
) -> Example | None:
    steps = kept.event.steps
    if any(step.how == How.STUBBED for step in steps):
        return None
    events = [(step.event_id, wire.codec.decode(step.value)) for step in steps]
    asked = next((e for e in events if isinstance(e[1], InferenceRequested)), None)
    done = next((e for e in events if isinstance(e[1], ResponseCompleted)), None)
    if done is None:
        return None
    request = next((e for _, e in events if isinstance(e, RequestReceived)), None)
    messages: Sequence[Message] = request.messages if request else origin.messages
    shared = origin.event_ids[: 1 if asked else 2]
    return origin._replace(
        run_id=fork_id,
        messages=tuple(prompt(asked[1]) if asked else messages),
        question=request.text if request else origin.question,
        outcome="completed",
        answer=done[1].text,
        capability=done[1].capability,
        model=done[1].model,
        prompt_tokens=done[1].prompt_tokens,
        completion_tokens=done[1].completion_tokens,
        event_ids=(*shared, *(e[0] for e in (asked, done) if e is not None), kept.event_id),
        calls=done[1].tool_calls,
        verbatim=asked[1].options.verbatim if asked else origin.verbatim,
    )


def _first(own: Sequence[Envelope[Any]], kind: type) -> Envelope[Any] | None:
    return next((envelope for envelope in own if isinstance(envelope.event, kind)), None)
