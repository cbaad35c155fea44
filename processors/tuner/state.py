"""What the tuner remembers: small, whatever the feedback, because lessons stay in the log."""

from dataclasses import dataclass, field

from streams.ids import CapabilityId
from streams.pmap import PMap

#: So much new feedback makes a refit worth its time.
REFIT_EVERY = 500
#: As many weights can be gone back to, one after the other.
HISTORY_MAX = 16


@dataclass(frozen=True, slots=True)
class Evidence:
    """How refits did against the weights in force, on feedback that came after each of them."""

    judged: int = 0
    better: int = 0
    worse: int = 0


@dataclass(frozen=True, slots=True)
class Tuning:
    """One target.

    `behind` says that examples changed since the training under way began. `fresh` counts the
    feedback that nothing was asked to learn from, `unjudged` that since the last comparison.
    Weights learned feedback up to an offset: `through` the training under way, `candidate_through`
    the candidate, `learned` each of `history`.
    """

    versions: PMap[int] = field(default_factory=PMap)
    encoder: str = ""
    behind: bool = False
    training: str = ""
    taught: bool = False
    through: int | None = None
    fresh: int = 0
    unjudged: int = 0
    candidate: str = ""
    candidate_through: int = -1
    since: int = -1
    comparing: bool = False
    evidence: Evidence = Evidence()
    history: tuple[str, ...] = ()
    learned: tuple[int, ...] = ()
    barred: str = ""

    @property
    def in_force(self) -> str:
        """The version in force; empty for none."""
        return self.history[-1] if self.history else ""

    def knows(self, capability: CapabilityId) -> bool:
        """Whether a capability has examples here."""
        return capability in self.versions
