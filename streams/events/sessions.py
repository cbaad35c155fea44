"""What happens in a session, from the question to the answer, in the order it happened."""

from dataclasses import dataclass
from typing import get_args

from streams.events.adopted import CapabilityAdopted as CapabilityAdopted
from streams.events.adopted import CapabilityDropped as CapabilityDropped
from streams.events.adopted import PolicyAdopted as PolicyAdopted
from streams.events.adopted import RouterAdopted as RouterAdopted
from streams.events.adopted import SubscriptionAdopted as SubscriptionAdopted
from streams.events.vector import Vector
from streams.ids import CapabilityId, InferenceId, MemoryId, ModelName, RunId, ScopeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat as its client sent it; `role` is OpenAI's word for it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the client asked of the model; None leaves the model's own default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A recalled memory: its text as recorded, and how near it is (`score`, cosine)."""

    memory_id: MemoryId
    text: str
    score: float
    title: str
    uri: str
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a part of an answer comes from; the text refers to it as `[marker]`."""

    marker: int
    memory_id: MemoryId
    title: str
    uri: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A capability the router weighed, and its share of what all of them are worth (0 to 1)."""

    capability: CapabilityId
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReceived:
    """A client asks; `text` is the last thing its user said, `scopes` what may be recalled for it.

    `remember_in` is the scope that keeps the turns of this conversation, or None for a session
    that nobody can come back to.
    """

    run_id: RunId
    model: ModelName
    text: str
    messages: tuple[Message, ...]
    options: Options
    scopes: tuple[ScopeId, ...]
    remember_in: ScopeId | None
    stream: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPerceived:
    """The request's text as a vector (`float32[n]`, little-endian, length 1), for all readers."""

    run_id: RunId
    text: str
    scopes: tuple[ScopeId, ...]
    encoder: str
    vector: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionFailed:
    """The encoder did not answer in time; the run cannot be routed."""

    run_id: RunId
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A sentence that a text came near to, whose it is, and how near (cosine)."""

    node: str
    sentence: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatched:
    """Nodes subscribed to texts like this one; they are told on their own topics."""

    run_id: RunId
    text: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRouted:
    """A capability now owns the request; `router_version` names the table that was in force.

    `confidence` is how likely it is the right one, `margin` its lead in share over the runner-up.
    `focus` is what the session is about from here on (`int16[n]`, units of 2^-14).
    """

    run_id: RunId
    capability: CapabilityId
    confidence: float
    runner_up: CapabilityId | None
    margin: float
    propensity: float
    router_version: str
    candidates: tuple[Candidate, ...]
    reason: str
    focus: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused:
    """No capability may take the request; `reason` is a code, `detail` words for its client.

    If the router was too unsure, `candidates` were the nearest.
    """

    run_id: RunId
    reason: str
    detail: str
    confidence: float = 0.0
    router_version: str = ""
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClarificationAsked:
    """The router is too unsure and asks the client which of the candidates is meant."""

    run_id: RunId
    text: str
    confidence: float
    router_version: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRecalled:
    """What the request's scopes know about it, the best first, by the weights in force."""

    run_id: RunId
    passages: tuple[Passage, ...]
    weights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFailed:
    """The index did not answer in time."""

    run_id: RunId
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The orchestrator took the request on; it carries what the run needs until its answer."""

    run_id: RunId
    text: str
    messages: tuple[Message, ...]
    options: Options
    stream: bool
    remember_in: ScopeId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """How the run will be answered."""

    run_id: RunId
    capability: CapabilityId
    policy: str
    model: ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextAccepted:
    """The context came before the plan and is kept until there is one."""

    run_id: RunId
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceRequested:
    """A model is asked; the event holds all that its worker needs."""

    run_id: RunId
    inference_id: InferenceId
    model: ModelName
    text: str
    messages: tuple[Message, ...]
    passages: tuple[Passage, ...]
    options: Options
    stream: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceCompleted:
    """A model answered; of two outcomes of one request the first in the log counts."""

    run_id: RunId
    inference_id: InferenceId
    model: ModelName
    text: str
    citations: tuple[Citation, ...]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceFailed:
    """A model did not answer; `reason` is a code, `detail` what its server said."""

    run_id: RunId
    inference_id: InferenceId
    model: ModelName
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCompleted:
    """The run ended with an answer; `remember_in` is the scope that keeps it, as its question."""

    run_id: RunId
    text: str
    citations: tuple[Citation, ...]
    capability: CapabilityId
    model: ModelName
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    remember_in: ScopeId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed:
    """The run ended without an answer; `reason` is a code, `detail` words for its client."""

    run_id: RunId
    reason: str
    detail: str


SessionEvent = (
    RequestReceived
    | TextPerceived
    | PerceptionFailed
    | CapabilityAdopted
    | CapabilityDropped
    | RouterAdopted
    | PolicyAdopted
    | SubscriptionAdopted
    | TextMatched
    | RequestRouted
    | RequestRefused
    | ClarificationAsked
    | ContextRecalled
    | RecallFailed
    | RunStarted
    | PlanMade
    | ContextAccepted
    | InferenceRequested
    | InferenceCompleted
    | InferenceFailed
    | ResponseCompleted
    | RunFailed
)

EVENTS: tuple[type, ...] = get_args(SessionEvent)
