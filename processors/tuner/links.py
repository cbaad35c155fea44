"""The links of learning: examples into the tuner's stream, and what it decided out to the sessions.

What is in force reaches every partition of the sessions as an event, so that a replay finds the
same.
"""

from collections.abc import Iterable
from typing import assert_never

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.registry import CapabilityPerceived
from streams.events.sessions import PolicyAdopted, RouterAdopted
from streams.events.tuning import ExamplesLearned, PolicySet, WeightsReleased
from streams.ids import CapabilityId, ProcessorName
from streams.topics import GRID_KEY, REGISTRY, ROUTER_KEY, SESSIONS, TUNING

Told = WeightsReleased | PolicySet


def teach(cause: Envelope[CapabilityPerceived], _: int) -> Iterable[Carried]:
    """Tell the tuner what a capability is known by."""
    event = cause.event
    learned = ExamplesLearned(
        capability=CapabilityId(cause.key),
        version=event.version,
        encoder=event.encoder,
        vectors=event.vectors,
    )
    return [Carried(ROUTER_KEY, learned)]


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
    version=1,
    topic=REGISTRY,
    target=TUNING,
    reads=(CapabilityPerceived,),
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
