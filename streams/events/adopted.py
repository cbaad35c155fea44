"""What is in force in a partition of the sessions from here on: facts of the grid, under `@grid`.

Each was carried in by a link; the decisions that follow it in the partition are made with it.
"""

from dataclasses import dataclass

from streams.events.tuning import Unsure, Weigh
from streams.events.vector import Vector
from streams.events.weights import Weights
from streams.ids import CapabilityId, ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityAdopted:
    """A capability is in force in this partition from here on; a lower version changes nothing.

    Written under the reserved key `@grid`; `vectors` are those of its description and examples,
    `cost` (US dollars) and `latency_ms` what one use is expected to take, None where nobody knows.
    """

    capability: CapabilityId
    version: int
    description: str
    policy: str
    model: ModelName
    encoder: str
    vectors: tuple[Vector, ...]
    cost: float | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityDropped:
    """A capability is not in force in this partition any more; written under `@grid`.

    A version lower than the one in force changes nothing.
    """

    capability: CapabilityId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterAdopted:
    """These weights are in force in this partition from here on; written under `@grid`."""

    version: str
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyAdopted:
    """What happens to requests that the router is unsure of, from here on; under `@grid`.

    Of capabilities whose shares lie `within` so much of the likeliest's, `weigh` says which is
    taken.
    """

    unsure: Unsure
    threshold: float
    weigh: Weigh = Weigh.NOTHING
    within: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionAdopted:
    """A node's subscription is in force in this partition, or no more; written under `@grid`.

    A lower version of the same sentence changes nothing.
    """

    node: str
    sentence: str
    threshold: float
    version: int
    active: bool
    encoder: str
    vector: Vector
