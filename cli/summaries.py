"""An event in a few words, for people who look at many."""

from collections.abc import Callable
from typing import Any

from streams.events import memory, registry
from streams.events import sessions as s

WORDS_MAX = 64


def summary_of(event: Any) -> str:
    """Return what matters of an event in one line."""
    told = _TOLD.get(type(event))
    text = " ".join((told(event) if told else "").split())
    return text if len(text) <= WORDS_MAX else text[: WORDS_MAX - 1] + "…"


_TOLD: dict[type, Callable[[Any], str]] = {
    s.RequestReceived: lambda e: f"{e.text!r} to {e.model}",
    s.TextPerceived: lambda e: f"{len(e.vector) // 4} numbers by {e.encoder}",
    s.PerceptionFailed: lambda e: e.detail,
    s.CapabilityAdopted: lambda e: f"{e.capability} version {e.version}",
    s.RequestRouted: lambda e: f"to {e.capability}: {e.reason}",
    s.RequestRefused: lambda e: f"{e.reason}: {e.detail}",
    s.ContextRecalled: lambda e: f"{len(e.passages)} passages{_best(e.passages)}",
    s.RecallFailed: lambda e: e.detail,
    s.RunStarted: lambda e: f"{len(e.messages)} messages",
    s.PlanMade: lambda e: f"{e.policy}: {e.model} for {e.capability}",
    s.ContextAccepted: lambda e: f"{len(e.passages)} passages, before the plan",
    s.InferenceRequested: lambda e: f"{e.model}, with {len(e.passages)} passages",
    s.InferenceCompleted: lambda e: f"{e.finish_reason}, {e.completion_tokens} tokens: {e.text!r}",
    s.InferenceFailed: lambda e: f"{e.reason}: {e.detail}",
    s.ResponseCompleted: lambda e: f"{e.text!r}",
    s.RunFailed: lambda e: f"{e.reason}: {e.detail}",
    memory.MemoryOffered: lambda e: repr(e.content.text),
    memory.MemoryRecorded: lambda e: repr(e.content.text),
    memory.MemoryMerged: lambda e: f"into {e.memory_id}: {e.content.text!r}",
    memory.MemorySuperseded: lambda e: f"{e.memory_id} by {e.by}{e.key and f', {e.key}'}",
    memory.ForgettingRequested: lambda e: f"{e.memory_id}: {e.reason}",
    memory.MemoryForgotten: lambda e: f"{e.memory_id}: {e.reason}",
    memory.MemoryExpired: lambda e: e.memory_id,
    memory.PerceptionRequested: lambda e: f"{e.memory_id} by {e.encoder}",
    memory.MemoryRefused: lambda e: f"{e.reason}: {e.detail}",
    memory.MemoryPerceived: lambda e: f"{len(e.vector) // 4} numbers by {e.encoder}",
    memory.RecallJudged: lambda e: f"{len(e.useful)} useful for {e.question!r}",
    registry.RecallWeightsAdopted: lambda e: f"{e.name}: {e.reason}",
    registry.CapabilityOffered: lambda e: e.card.description,
    registry.CapabilityRegistered: lambda e: f"version {e.version}",
    registry.CapabilityRefused: lambda e: f"{e.reason}: {e.detail}",
    registry.CapabilityPerceived: lambda e: f"version {e.version}, {len(e.vectors)} vectors",
}


def _best(passages: tuple[s.Passage, ...]) -> str:
    return f", the nearest {passages[0].score:.2f}: {passages[0].title}" if passages else ""
