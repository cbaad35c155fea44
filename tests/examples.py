"""One canonical example of every event class; a test spells out only what it changes."""

from array import array
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from streams.events import AREAS, Event, chunks, forks, lag, memory, registry, sessions
from streams.events.vector import Vector
from streams.ids import (
    CapabilityId,
    EventId,
    InferenceId,
    MemoryId,
    ModelName,
    RunId,
    ScopeId,
)

RUN, INFERENCE = RunId("019a-run"), InferenceId("019a-inference")
ANSWER, MODEL, ENCODER = CapabilityId("answer"), ModelName("extractive"), "minilm/1"
SCOPE, MEMORY = ScopeId("user:ada"), MemoryId("0b6c-memory")
OTHER_MEMORY = MemoryId("1c7d-memory")
QUESTION, QUOTE = "What did Ada say about engines?", "It weaves algebraic patterns. Größe: 3 µm"


def vector(*numbers: float) -> bytes:
    """Return `float32[n]` as events carry it."""
    return array("f", numbers).tobytes()


NEAR, FAR = vector(0.6, 0.8), vector(-0.8, 0.6)

CALL = sessions.ToolCall(id="call_1", name="look_up", arguments='{"who": "Ada"}')
MESSAGES = (
    sessions.Message(role="system", content="Be brief."),
    sessions.Message(role="user", content=QUESTION, name="ada"),
    sessions.Message(role="assistant", content="", tool_calls=(CALL,)),
    sessions.Message(role="tool", content="1843", tool_call_id=CALL.id),
)
OPTIONS = sessions.Options(
    temperature=0.25,
    top_p=None,
    max_tokens=64,
    seed=-7,
    stop=("\n",),
    n=2,
    verbatim='{"response_format":{"type":"json_object"}}',
)
OTHER_ANSWER = sessions.Alternative(text="", tool_calls=(CALL,), finish_reason="tool_calls")
PASSAGES = (
    sessions.Passage(
        memory_id=MEMORY, text=QUOTE, score=0.75, title="Notes", uri="notes.md", section="G"
    ),
)
CITATIONS = (
    sessions.Citation(marker=1, memory_id=MEMORY, title="Notes", uri="notes.md", quote=QUOTE),
)
CANDIDATES = (
    sessions.Candidate(capability=ANSWER, score=0.5),
    sessions.Candidate(capability=CapabilityId("chat"), score=-0.25),
)
CONTENT = memory.Content(
    kind=memory.Kind.TURN,
    text=QUOTE,
    title="Notes",
    uri="session:s",
    section="G",
    speaker="ada",
    said_at_ms=1_700_000_000_123,
)
CARD = registry.Card(
    description="Answers from notes.", examples=("Who said that?",), policy="single", model=MODEL
)

_ALL: tuple[Event, ...] = (
    sessions.RequestReceived(
        run_id=RUN,
        model=ModelName("aether"),
        text=QUESTION,
        messages=MESSAGES,
        options=OPTIONS,
        scopes=(SCOPE, ScopeId("grid")),
        remember_in=SCOPE,
        stream=True,
    ),
    sessions.TextPerceived(
        run_id=RUN, text=QUESTION, scopes=(SCOPE,), encoder=ENCODER, vector=NEAR
    ),
    sessions.PerceptionFailed(run_id=RUN, detail="no answer in 5 s"),
    sessions.CapabilityAdopted(
        capability=ANSWER,
        version=2,
        description=CARD.description,
        policy=CARD.policy,
        model=MODEL,
        encoder=ENCODER,
        vectors=(NEAR, FAR),
    ),
    sessions.CapabilityDropped(capability=ANSWER, version=3),
    sessions.RequestRouted(
        run_id=RUN,
        capability=ANSWER,
        confidence=0.5,
        runner_up=CapabilityId("chat"),
        margin=0.75,
        propensity=1.0,
        router_version="0123456789abcdef",
        candidates=CANDIDATES,
        reason="nearest to answer",
    ),
    sessions.RequestRefused(run_id=RUN, reason="no_capability", detail="none is known"),
    sessions.ContextRecalled(run_id=RUN, passages=PASSAGES),
    sessions.RecallFailed(run_id=RUN, detail="the index is away"),
    sessions.RunStarted(run_id=RUN, text=QUESTION, messages=MESSAGES, options=OPTIONS, stream=True),
    sessions.PlanMade(run_id=RUN, capability=ANSWER, policy="single", model=MODEL),
    sessions.ContextAccepted(run_id=RUN, passages=PASSAGES),
    sessions.InferenceRequested(
        run_id=RUN,
        inference_id=INFERENCE,
        model=MODEL,
        text=QUESTION,
        messages=MESSAGES,
        passages=PASSAGES,
        options=OPTIONS,
        stream=True,
    ),
    sessions.InferenceCompleted(
        run_id=RUN,
        inference_id=INFERENCE,
        model=MODEL,
        text=f"“{QUOTE}” [1]",
        citations=CITATIONS,
        finish_reason="stop",
        prompt_tokens=130,
        completion_tokens=9,
        tool_calls=(CALL,),
        alternatives=(OTHER_ANSWER,),
    ),
    sessions.InferenceFailed(
        run_id=RUN, inference_id=INFERENCE, model=MODEL, reason="model_away", detail="no answer"
    ),
    sessions.ResponseCompleted(
        run_id=RUN,
        text=f"“{QUOTE}” [1]",
        citations=CITATIONS,
        capability=ANSWER,
        model=MODEL,
        finish_reason="stop",
        prompt_tokens=130,
        completion_tokens=9,
        tool_calls=(CALL,),
        alternatives=(OTHER_ANSWER,),
    ),
    sessions.RunFailed(run_id=RUN, reason="model_away", detail="no answer"),
    memory.MemoryOffered(content=CONTENT),
    memory.MemoryRecorded(memory_id=MEMORY, content=CONTENT),
    memory.MemoryMerged(
        memory_id=MEMORY,
        merged_id=OTHER_MEMORY,
        content=CONTENT,
        offered_by=EventId("e1"),
        since_ms=1_700_000_000_123,
    ),
    memory.MemorySuperseded(memory_id=MEMORY, by=OTHER_MEMORY, key="ada.city"),
    memory.ForgettingRequested(memory_id=MEMORY, reason="asked to"),
    memory.MemoryForgotten(memory_id=MEMORY, reason="asked to"),
    memory.MemoryExpired(memory_id=MEMORY, expired_at_ms=1_700_000_000_456),
    memory.PerceptionRequested(
        memory_id=MEMORY,
        content=CONTENT,
        encoder=ENCODER,
        place=3,
        offered_by=EventId("e1"),
        since_ms=1_700_000_000_123,
        expires_at_ms=None,
    ),
    memory.RecallJudged(question="How tall?", scopes=(SCOPE,), useful=(MEMORY,)),
    memory.MemoryRefused(reason="empty", detail="there is no text to remember"),
    memory.MemoryPerceived(memory_id=MEMORY, content=CONTENT, encoder=ENCODER, vector=NEAR),
    registry.CapabilityOffered(card=CARD),
    registry.CapabilityRegistered(version=1, card=CARD),
    registry.CapabilityRefused(reason="unknown_policy", detail="'maybe' is none of single"),
    registry.WithdrawalRequested(reason="its model is gone"),
    registry.CapabilityWithdrawn(version=2, reason="its model is gone"),
    registry.CapabilityPerceived(version=1, card=CARD, encoder=ENCODER, vectors=(NEAR, FAR)),
    registry.RecallWeightsAdopted(
        name="sha256:00", features=("meaning", "date"), values=(1.0, 0.5), examples=30, reason="r"
    ),
    forks.ForkMade(
        origin=RUN,
        at=EventId("019a-event"),
        changes=(forks.Change(path="options.seed", value="7"),),
        steps=(
            forks.ForkStep(
                event_id=EventId("0b6c-event"),
                cause_id=None,
                processor="",
                how="changed",
                at_ms=1_700_000_000_123,
                value=b"\0\0\0\0\1body",
            ),
        ),
    ),
    lag.LagSampled(
        group="readers",
        at_ms=1_700_000_000_000,
        phase=lag.Phase.STABLE,
        members=2,
        topics=(
            lag.TopicSample(
                topic="orders",
                identity="pQ2mZ0c1QkS5",
                partitions=(
                    lag.PartitionSample(
                        partition=1,
                        first=3,
                        end=120,
                        committed=100,
                        committed_at_ms=1_699_999_999_500,
                        oldest_at_ms=1_699_999_998_000,
                    ),
                    lag.PartitionSample(
                        partition=2,
                        first=0,
                        end=9,
                        committed=9,
                        committed_at_ms=None,
                        oldest_at_ms=None,
                    ),
                ),
            ),
        ),
    ),
    chunks.TextEmitted(run_id=RUN, inference_id=INFERENCE, start=17, text="weaves "),
)


def typical(kind: Any) -> Any:
    """Return an event whose values follow from the types and names of its fields."""
    hints = get_type_hints(kind, include_extras=True)
    return kind(**{field.name: _value(hints[field.name], field.name) for field in fields(kind)})


def _value(kind: Any, name: str) -> Any:
    kind = getattr(kind, "__supertype__", kind)
    if kind == Vector:
        return NEAR
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    if is_dataclass(kind):
        return typical(kind)
    inner = [each for each in get_args(kind) if each not in (type(None), ...)]
    if inner:
        value = _value(inner[0], name)
        return (value,) if get_origin(kind) is tuple else value
    return {str: name, int: 7, float: 0.25, bool: True, bytes: b"\1\0\2\0"}[kind]


#: By class name; what is not spelled out above is typical.
EVENTS: dict[str, Event] = {
    **{kind.__name__: typical(kind) for area in AREAS.values() for kind in area},
    **{type(event).__name__: event for event in _ALL},
}
