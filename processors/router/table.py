"""The routing table: what the capabilities in force mean, as one vector each.

It is a fold of the adopted capabilities; its version is a hash of what it holds, so that every
decision can name the table it was made with.
"""

import hashlib
import math
from array import array
from dataclasses import dataclass, replace
from operator import mul

from streams.decider import Projection
from streams.events.sessions import Candidate, CapabilityAdopted
from streams.ids import CapabilityId

#: The name a client gives to have its request routed by meaning.
AUTOMATIC = "aether"


@dataclass(frozen=True, slots=True)
class Entry:
    """A capability in force; `centroid` is the mean of its vectors (`float32[n]`, length 1)."""

    capability: CapabilityId
    version: int
    model: str
    encoder: str
    centroid: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """The capabilities in force, by name."""

    entries: tuple[Entry, ...] = ()
    version: str = "empty"

    def named(self, name: str) -> Entry | None:
        """Return the capability that a client asked for by its name or by its model's."""
        return next((e for e in self.entries if name in (e.capability, e.model)), None)

    def scores(self, vector: bytes, encoder: str) -> list[Candidate]:
        """Return the capabilities that speak this encoder's language, the likeliest first."""
        asked = array("f", vector)
        found = [
            Candidate(capability=e.capability, score=round(_dot(asked, e.centroid), 6))
            for e in self.entries
            if e.encoder == encoder
        ]
        return sorted(found, key=lambda c: (-c.score, c.capability))


def adopt(table: Table, fact: CapabilityAdopted) -> Table:
    """Put a capability in force; an older version than the one in force changes nothing."""
    known = next((e for e in table.entries if e.capability == fact.capability), None)
    if known is not None and known.version >= fact.version:
        return table
    entry = Entry(fact.capability, fact.version, fact.model, fact.encoder, _mean(fact.vectors))
    others = [e for e in table.entries if e.capability != fact.capability]
    entries = tuple(sorted([*others, entry], key=lambda e: e.capability))
    return replace(table, entries=entries, version=_version(entries))


TABLE: Projection[Table, CapabilityAdopted] = Projection(
    reads=(CapabilityAdopted,), initial=Table(), evolve=adopt
)


def _version(entries: tuple[Entry, ...]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.capability}/{entry.version}/{entry.encoder}/".encode())
        digest.update(entry.centroid)
    return digest.hexdigest()[:16]


def _dot(left: "array[float]", right: bytes) -> float:
    return float(sum(map(mul, left, array("f", right))))


def _mean(vectors: tuple[bytes, ...]) -> bytes:
    # not strict: evolve never raises, and a shorter one from outside counts as far as it goes
    columns = zip(*(array("f", vector) for vector in vectors), strict=False)
    total = [math.fsum(column) for column in columns]
    length = math.sqrt(math.fsum(x * x for x in total)) or 1.0
    return array("f", [x / length for x in total]).tobytes()
