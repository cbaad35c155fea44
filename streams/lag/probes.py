"""What became of the probes: how long the last one was on its way, and how many were lost."""

from dataclasses import dataclass, replace

from streams.events.probes import Observed, ProbeAnswered


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of some stretch of the log; `round_trip_s` is the last one's, as of `at_ms`."""

    answered: int = 0
    lost: int = 0
    round_trip_s: float | None = None
    at_ms: int = 0


def heard(probes: Probes, event: Observed, recorded_at_ms: int) -> Probes:
    """Return what is known after an answer, or the lack of one, both by the broker's clock."""
    if isinstance(event, ProbeAnswered):
        took_s = max(0, recorded_at_ms - event.sent_at_ms) / 1000
        return Probes(probes.answered + 1, probes.lost, took_s, recorded_at_ms)
    return replace(probes, lost=probes.lost + 1)
