"""How each capability in force answers: its policy and the model that speaks."""

from dataclasses import dataclass

from streams.decider import Projection
from streams.events.sessions import CapabilityAdopted
from streams.ids import CapabilityId, ModelName


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one capability."""

    capability: CapabilityId
    version: int
    policy: str
    model: ModelName


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in force, by capability."""

    known: tuple[Way, ...] = ()

    def of(self, capability: CapabilityId) -> Way | None:
        """Return the way of a capability."""
        return next((way for way in self.known if way.capability == capability), None)


def adopt(ways: Ways, fact: CapabilityAdopted) -> Ways:
    """Put a way in force; an older version than the one in force changes nothing."""
    known = ways.of(fact.capability)
    if known is not None and known.version >= fact.version:
        return ways
    way = Way(fact.capability, fact.version, fact.policy, fact.model)
    others = [w for w in ways.known if w.capability != fact.capability]
    return Ways(tuple(sorted([*others, way], key=lambda w: w.capability)))


WAYS: Projection[Ways, CapabilityAdopted] = Projection(
    reads=(CapabilityAdopted,), initial=Ways(), evolve=adopt
)
