"""The routing table: what the capabilities in force mean, and the weights that tell them apart.

It is a fold of what was adopted; its version is a hash of what it holds, so that every decision
can name the table it was made with.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from processors.classifier.exact import Judge, centroid
from streams.decider import Projection
from streams.events.sessions import (
    CapabilityAdopted,
    CapabilityDropped,
    PolicyAdopted,
    RouterAdopted,
)
from streams.events.tuning import Unsure, Weigh
from streams.events.weights import Weights
from streams.ids import CapabilityId
from streams.pmap import PMap

#: The name a client gives to have its request routed by meaning.
AUTOMATIC = "aether"
#: Likelier wrong than right: the default of when a policy applies.
THRESHOLD = 0.5
DESCRIPTION_MAX = 120

Facts = CapabilityAdopted | CapabilityDropped | RouterAdopted | PolicyAdopted


@dataclass(frozen=True, slots=True)
class Entry:
    """A capability as it was adopted last; one that was dropped is kept for its version alone.

    `centroid` is its vectors' direction (`int16[n]`, units of 2^-14).
    """

    capability: CapabilityId
    version: int
    model: str = ""
    description: str = ""
    encoder: str = ""
    centroid: bytes = b""
    cost: float | None = None
    latency_ms: int | None = None
    in_force: bool = True

    def takes(self, weigh: Weigh) -> float | None:
        """Return what one use takes of what is weighed; None where nobody knows."""
        if weigh is Weigh.NOTHING:
            return None
        return self.cost if weigh is Weigh.COST else self.latency_ms


@dataclass(frozen=True, slots=True)
class Table:
    """The capabilities in force by name, the weights, and what happens when they are unsure.

    `entries_sum` adds up the entries' hashes: it is the same in whatever order they came.
    """

    entries: PMap[Entry] = field(default_factory=PMap)
    entries_sum: str = ""
    weights: Weights | None = None
    weights_version: str = ""
    unsure: Unsure = Unsure.NEAREST
    threshold: float = THRESHOLD
    weigh: Weigh = Weigh.NOTHING
    within: float = 0.0
    version: str = "empty"

    def named(self, name: str) -> Entry | None:
        """Return the capability that a client asked for by its name or by its model's."""
        known = self.entries.get(name)
        if known is not None and known.in_force:
            return known
        return next((e for e in self._all() if e.model == name), None)

    def takes(self, capability: CapabilityId) -> float | None:
        """Return what one use of a capability takes of what is weighed; None if nobody knows."""
        entry = self.entries.get(capability)
        return None if entry is None else entry.takes(self.weigh)

    def names(self) -> list[str]:
        """Return the capabilities' names in order."""
        return [entry.capability for entry in self._all()]

    def judge(self, encoder: str) -> Judge | None:
        """Return what weighs the capabilities that speak this encoder's language, if any do."""
        key = f"{self.version}/{encoder}"
        if key not in _JUDGES:
            _JUDGES[key] = self._made(encoder)
            if len(_JUDGES) > JUDGES_MAX:
                _JUDGES.popitem(last=False)
        return _JUDGES[key]

    def _made(self, encoder: str) -> Judge | None:
        spoken = [entry for entry in self._all() if entry.encoder == encoder]
        if not spoken:
            return None
        weights = self.weights if self.weights and self.weights.encoder == encoder else None
        learned = frozenset(weights.labels) if weights else frozenset[CapabilityId]()
        late = [(e.capability, e.centroid) for e in spoken if e.capability not in learned]
        return Judge(weights, frozenset(e.capability for e in spoken), late)

    def _all(self) -> Iterator[Entry]:
        return (entry for _, entry in self.entries.items() if entry.in_force)


#: What a table's version is compiled to; a version names its content, so this changes no decision.
_JUDGES: OrderedDict[str, Judge | None] = OrderedDict()
JUDGES_MAX = 8


def adopt(table: Table, fact: Facts) -> Table:
    """Put a fact in force; a capability in an older version than known changes nothing."""
    match fact:
        case CapabilityAdopted():
            return _adopted(table, fact)
        case CapabilityDropped(capability=capability, version=version):
            return _with(table, Entry(capability, version, in_force=False))
        case RouterAdopted(version=version, weights=weights):
            return _named(replace(table, weights=weights, weights_version=version))
        case PolicyAdopted(unsure=unsure, threshold=threshold, weigh=weigh, within=within):
            told = replace(table, unsure=unsure, threshold=threshold, weigh=weigh, within=within)
            return _named(told)
        case _:
            assert_never(fact)


TABLE: Projection[Table, Facts] = Projection(
    reads=(CapabilityAdopted, CapabilityDropped, RouterAdopted, PolicyAdopted),
    initial=Table(),
    evolve=adopt,
)


def _adopted(table: Table, fact: CapabilityAdopted) -> Table:
    mean = centroid(fact.vectors)
    if mean is None:
        return table
    entry = Entry(
        capability=fact.capability,
        version=fact.version,
        model=fact.model,
        description=fact.description[:DESCRIPTION_MAX],
        encoder=fact.encoder,
        centroid=mean,
        cost=fact.cost,
        latency_ms=fact.latency_ms,
    )
    return _with(table, entry)


def _with(table: Table, entry: Entry) -> Table:
    known = table.entries.get(entry.capability)
    if known is not None and known.version >= entry.version:
        return table
    total = int(table.entries_sum or "0", 16) + _number(entry) - (_number(known) if known else 0)
    entries = table.entries.put(entry.capability, entry)
    return _named(replace(table, entries=entries, entries_sum=f"{total % 2**256:x}"))


def _named(table: Table) -> Table:
    policy = (table.unsure, table.threshold, table.weigh, table.within)
    parts = (table.entries_sum, table.weights_version, *policy)
    named = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    return replace(table, version=named[:16])


def _number(entry: Entry) -> int:
    said = f"{entry.capability}/{entry.version}/{entry.model}/{entry.encoder}/{entry.description}/"
    said += f"{entry.cost}/{entry.latency_ms}/" + ("" if entry.in_force else "dropped/")
    return int.from_bytes(hashlib.sha256(said.encode() + entry.centroid).digest())
