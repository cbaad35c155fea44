"""The links of learning: examples into the tuner's stream, and what it decided out to the sessions.

What is in force reaches every partition of the sessions as an event, so that a replay finds the
same.
"""

from collections.abc import Iterable
from typing import assert_never

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.registry import CapabilityPerceived, CapabilityWithdrawn
from streams.events.sessions import PolicyAdopted, RouterAdopted
from streams.events.tuning import ExamplesDropped, ExamplesLearned, PolicySet, WeightsReleased
from streams.ids import CapabilityId, ProcessorName
from streams.topics import GRID_KEY, REGISTRY, ROUTER_KEY, SESSIONS, TUNING

Told = WeightsReleased | PolicySet


def teach(cause: Envelope[CapabilityPerceived | CapabilityWithdrawn], _: int) -> Iterable[Carried]:
    """Tell the tuner what a capability is known by, or that it is out of use."""
    return [Carried(ROUTER_KEY, _known(CapabilityId(cause.key), cause.event))]


def _known(
    capability: CapabilityId, event: CapabilityPerceived | CapabilityWithdrawn
) -> ExamplesLearned | ExamplesDropped:
    if isinstance(event, CapabilityWithdrawn):
        return ExamplesDropped(capability=capability, version=event.version)
    return ExamplesLearned(
        capability=capability,
        version=event.version,
        encoder=event.encoder,
        vectors=event.vectors,
    )


def release(cause: Envelope[Told], partitions: int) -> Iterable[Carried]:
    """Write what is in force under the grid's key of every partition."""
    adopted = _adopted(cause.event)
    return [Carried(GRID_KEY, adopted, partition) for partition in range(partitions)]


def _adopted(event: Told) -> RouterAdopted | PolicyAdopted:
    match event:
        case WeightsReleased(version=version, weights=weights):
            return RouterAdopted(version=version, weights=weights)
        case PolicySet():
            return PolicyAdopted(
                unsure=event.unsure,
                threshold=event.threshold,
                weigh=event.weigh,
                within=event.within,
            )
        case _:
            assert_never(event)


TEACHING = Link(
    name=ProcessorName("teaching"),
    version=2,
    topic=REGISTRY,
    target=TUNING,
    reads=(CapabilityPerceived, CapabilityWithdrawn),
    carry=teach,
)
RELEASE = Link(
    name=ProcessorName("release"),
    version=2,
    topic=TUNING,
    target=SESSIONS,
    reads=(WeightsReleased, PolicySet),
    carry=release,
)
