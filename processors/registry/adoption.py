"""The link that puts a capability in force or out of it: once into every partition of sessions.

From then on each decision there knows what was in force, and a replay finds the same.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.registry import CapabilityPerceived, CapabilityWithdrawn
from streams.events.sessions import CapabilityAdopted, CapabilityDropped
from streams.ids import CapabilityId, ProcessorName
from streams.topics import GRID_KEY, REGISTRY, SESSIONS


def carry(
    cause: Envelope[CapabilityPerceived | CapabilityWithdrawn], partitions: int
) -> Iterable[Carried]:
    """Write the fact under the grid's key of every partition."""
    fact = _fact(CapabilityId(cause.key), cause.event)
    return [Carried(GRID_KEY, fact, partition) for partition in range(partitions)]


def _fact(
    capability: CapabilityId, event: CapabilityPerceived | CapabilityWithdrawn
) -> CapabilityAdopted | CapabilityDropped:
    if isinstance(event, CapabilityWithdrawn):
        return CapabilityDropped(capability=capability, version=event.version)
    return CapabilityAdopted(
        capability=capability,
        version=event.version,
        description=event.card.description,
        policy=event.card.policy,
        model=event.card.model,
        encoder=event.encoder,
        vectors=event.vectors,
        cost=event.card.cost,
        latency_ms=event.card.latency_ms,
    )


ADOPTION = Link(
    name=ProcessorName("adoption"),
    version=3,
    topic=REGISTRY,
    target=SESSIONS,
    reads=(CapabilityPerceived, CapabilityWithdrawn),
    carry=carry,
)
