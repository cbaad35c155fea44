"""Probes: records that ask nothing but to be answered, to see how long the whole way takes."""

from dataclasses import dataclass
from typing import get_args


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSent:
    """The observer asks for a sign of life; numbers of one observer rise."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAnswered:
    """A worker read the probe; `sent_at_ms` is the broker's time of it, as that of this event."""

    number: int
    sent_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLost:
    """Nobody answered the probe in time."""

    number: int
    waited_ms: int


#: On a topic of their own, which nothing else is on; the answers are observations.
SENT: tuple[type, ...] = (ProbeSent,)
Observed = ProbeAnswered | ProbeLost
OBSERVED: tuple[type, ...] = get_args(Observed)
ProbeEvent = ProbeSent | Observed
