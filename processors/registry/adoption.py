"""The link that puts a capability in force: once into every partition of the sessions.

From then on each decision there knows what was in force, and a replay finds the same.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.registry import CapabilityPerceived
from streams.events.sessions import CapabilityAdopted
from streams.ids import CapabilityId, ProcessorName
from streams.topics import GRID_KEY, REGISTRY, SESSIONS


def carry(cause: Envelope[CapabilityPerceived], partitions: int) -> Iterable[Carried]:
    """Write the capability under the grid's key of every partition."""
    event = cause.event
    adopted = CapabilityAdopted(
        capability=CapabilityId(cause.key),
        version=event.version,
        description=event.card.description,
        policy=event.card.policy,
        model=event.card.model,
        encoder=event.encoder,
        vectors=event.vectors,
        cost=event.card.cost,
        latency_ms=event.card.latency_ms,
    )
    return [Carried(GRID_KEY, adopted, partition) for partition in range(partitions)]


ADOPTION = Link(
    name=ProcessorName("adoption"),
    version=2,
    topic=REGISTRY,
    target=SESSIONS,
    reads=(CapabilityPerceived,),
    carry=carry,
)
