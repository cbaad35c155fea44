"""What the grid can do: capabilities as they are offered, registered and understood."""

from dataclasses import dataclass
from typing import get_args

from streams.effects import EffectClass
from streams.events.vector import Vector
from streams.ids import ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a capability says of itself; the router knows it by description and examples.

    `policy` is how the orchestrator answers with it, `model` which model then speaks. `cost` (US
    dollars) and `latency_ms` are what one use is expected to take, None where nobody knows.
    """

    description: str
    examples: tuple[str, ...]
    policy: str
    model: ModelName
    effect: EffectClass = EffectClass.REPEATABLE
    cost: float | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityOffered:
    """Someone asks that the capability (the key) be known to the grid."""

    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRegistered:
    """The capability is known; versions count from 1 and a later one replaces an earlier."""

    version: int
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityRefused:
    """The capability will not be known as offered; `reason` is a code."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRequested:
    """Someone asks that the capability (the key) be used no more; `reason` is in their words."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityWithdrawn:
    """The capability is used no more, until it is offered again; this is a version as well."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityPerceived:
    """A capability with the vectors of its description and examples, in that order."""

    version: int
    card: Card
    encoder: str
    vectors: tuple[Vector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallWeightsAdopted:
    """From here on recall ranks by these weights, one per feature.

    `name` is their content's address, `examples` how many judged recalls they were learned from.
    """

    name: str
    features: tuple[str, ...]
    values: tuple[float, ...]
    examples: int
    reason: str


RegistryEvent = (
    CapabilityOffered
    | CapabilityRegistered
    | CapabilityRefused
    | WithdrawalRequested
    | CapabilityWithdrawn
    | CapabilityPerceived
    | RecallWeightsAdopted
)

EVENTS: tuple[type, ...] = get_args(RegistryEvent)
