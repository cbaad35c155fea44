"""Small events for the processors' tests; a test spells out only what it is about."""

from array import array
from typing import Any

from streams.events import memory as m
from streams.events import registry as r
from streams.events import sessions as s
from streams.ids import CapabilityId, InferenceId, MemoryId, ModelName, RunId, ScopeId, derived

RUN = RunId("run")
ENCODER = "minilm/1"
OPTIONS = s.Options(temperature=0.5)
MESSAGES = (s.Message(role="user", content="How tall?"),)


def vector(*values: float) -> bytes:
    return array("f", values).tobytes()


def received(run: str = RUN, **fields: Any) -> s.RequestReceived:
    known: dict[str, Any] = {
        "model": ModelName("aether"),
        "text": "How tall?",
        "messages": MESSAGES,
        "options": OPTIONS,
        "scopes": (ScopeId("grid"),),
        "remember_in": None,
        "stream": False,
    }
    return s.RequestReceived(run_id=RunId(run), **{**known, **fields})


def perceived(run: str = RUN, at: bytes = vector(1, 0), encoder: str = ENCODER) -> s.TextPerceived:
    return s.TextPerceived(
        run_id=RunId(run), text="How tall?", scopes=(ScopeId("grid"),), encoder=encoder, vector=at
    )


def adopted(
    capability: str = "answer", at: bytes = vector(1, 0), version: int = 1, **fields: Any
) -> s.CapabilityAdopted:
    known: dict[str, Any] = {
        "description": "d",
        "policy": "single",
        "model": ModelName("extractive"),
        "encoder": ENCODER,
        "vectors": (at,),
    }
    named = CapabilityId(capability)
    return s.CapabilityAdopted(capability=named, version=version, **{**known, **fields})


def routed(run: str = RUN, capability: str = "answer", **fields: Any) -> s.RequestRouted:
    known: dict[str, Any] = {
        "confidence": 1.0,
        "runner_up": None,
        "margin": 1.0,
        "propensity": 1.0,
        "router_version": "v",
        "candidates": (),
        "reason": "why",
    }
    named = CapabilityId(capability)
    return s.RequestRouted(run_id=RunId(run), capability=named, **{**known, **fields})


def refused(run: str = RUN) -> s.RequestRefused:
    return s.RequestRefused(run_id=RunId(run), reason="no_capability", detail="none")


def passage(text: str = "It is 324 m tall.", **fields: Any) -> s.Passage:
    known: dict[str, Any] = {
        "memory_id": MemoryId("m1"),
        "score": 0.9,
        "title": "Towers",
        "uri": "towers.md",
        "section": "Height",
    }
    return s.Passage(text=text, **{**known, **fields})


PASSAGES = (passage(),)


def recalled(run: str = RUN, passages: tuple[s.Passage, ...] = PASSAGES) -> s.ContextRecalled:
    return s.ContextRecalled(run_id=RunId(run), passages=passages)


def recall_failed(run: str = RUN) -> s.RecallFailed:
    return s.RecallFailed(run_id=RunId(run), detail="the index is away")


def perception_failed(run: str = RUN) -> s.PerceptionFailed:
    return s.PerceptionFailed(run_id=RunId(run), detail="the encoder is away")


def started(run: str = RUN) -> s.RunStarted:
    return s.RunStarted(
        run_id=RunId(run), text="How tall?", messages=MESSAGES, options=OPTIONS, stream=False
    )


def planned(run: str = RUN, capability: str = "answer") -> s.PlanMade:
    return s.PlanMade(
        run_id=RunId(run),
        capability=CapabilityId(capability),
        policy="single",
        model=ModelName("extractive"),
    )


def accepted(run: str = RUN) -> s.ContextAccepted:
    return s.ContextAccepted(run_id=RunId(run), passages=PASSAGES)


def inference(run: str = RUN) -> InferenceId:
    return InferenceId(derived(run, "inference", 0))


def asked(run: str = RUN, **fields: Any) -> s.InferenceRequested:
    known: dict[str, Any] = {
        "inference_id": inference(run),
        "model": ModelName("extractive"),
        "text": "How tall?",
        "messages": MESSAGES,
        "passages": PASSAGES,
        "options": OPTIONS,
        "stream": False,
    }
    return s.InferenceRequested(run_id=RunId(run), **{**known, **fields})


def inferred(run: str = RUN, text: str = "324 m.") -> s.InferenceCompleted:
    return s.InferenceCompleted(
        run_id=RunId(run),
        inference_id=inference(run),
        model=ModelName("extractive"),
        text=text,
        citations=(),
        finish_reason="stop",
        prompt_tokens=7,
        completion_tokens=2,
    )


def inference_failed(run: str = RUN) -> s.InferenceFailed:
    return s.InferenceFailed(
        run_id=RunId(run),
        inference_id=inference(run),
        model=ModelName("extractive"),
        reason="model_away",
        detail="it is away",
    )


def responded(run: str = RUN, text: str = "324 m.") -> s.ResponseCompleted:
    return s.ResponseCompleted(
        run_id=RunId(run),
        text=text,
        citations=(),
        capability=CapabilityId("answer"),
        model=ModelName("extractive"),
        finish_reason="stop",
        prompt_tokens=7,
        completion_tokens=2,
    )


def run_failed(reason: str, detail: str, run: str = RUN) -> s.RunFailed:
    return s.RunFailed(run_id=RunId(run), reason=reason, detail=detail)


def content(text: str = "It is 324 m tall.", **fields: Any) -> m.Content:
    known: dict[str, Any] = {
        "kind": m.Kind.PASSAGE,
        "title": "Towers",
        "uri": "towers.md",
        "section": "Height",
        "speaker": "",
        "said_at_ms": None,
    }
    return m.Content(text=text, **{**known, **fields})


def card(**fields: Any) -> r.Card:
    known: dict[str, Any] = {
        "description": "answers questions",
        "examples": ("How tall?",),
        "policy": "single",
        "model": ModelName("extractive"),
    }
    return r.Card(**{**known, **fields})
