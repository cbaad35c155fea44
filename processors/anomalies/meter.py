"""What the events of the grid say about it in numbers: one sample for every span of time.

All of it is read from the log; a number that nothing happened to is left out, a count is then 0.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import fsum

from streams import envelope as env
from streams.envelope import Envelope, Head
from streams.events.registry import CapabilityRegistered
from streams.events.series import Point, SeriesSampled
from streams.events.sessions import (
    CANCELLED,
    RequestReceived,
    RequestRouted,
    ResponseCompleted,
    RunFailed,
)

#: What is decoded; of all other kinds it is enough to know that they came.
READS = frozenset(
    {
        RequestReceived,
        RequestRouted,
        ResponseCompleted,
        RunFailed,
        CapabilityRegistered,
    }
)
EVENTS, PRODUCERS = "events", "producers"
#: So many runs may be open, and so many names are counted; what is beyond is not measured.
OPEN_MAX, NAMES_MAX = 10_000, 500
#: A share is worth telling from so many runs on.
SHARE_OF = 5


class Meter:
    """Counts and adds up; `names` are counted from the beginning, as 0 until they come."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._counts = dict.fromkeys(names, 0)
        self._values: dict[str, list[float]] = defaultdict(list)
        self._began: dict[str, int] = {}
        self._costs: dict[str, float] = {}
        self._ended = self._failed = 0

    def saw(self, kind: type, head: Head) -> None:
        """Count an event by its kind and by who wrote it."""
        self._count(f"{EVENTS}/{kind.__name__}")
        self._count(f"{PRODUCERS}/{producer_of(head)}")

    def take(self, envelope: Envelope[object]) -> None:
        """Measure an event of READS."""
        event = envelope.event
        match event:
            case RequestReceived(run_id=run):
                self._began[run] = envelope.recorded_at_ms
                if len(self._began) > OPEN_MAX:
                    del self._began[next(iter(self._began))]
            case RequestRouted(confidence=confidence):
                self._values["routing_confidence"].append(confidence)
            case ResponseCompleted():
                self._completed(event, envelope.recorded_at_ms)
            case RunFailed(run_id=run, reason=reason):
                self._began.pop(run, None)
                if reason != CANCELLED:  # which is its client's wish, and says nothing of the grid
                    self._ended, self._failed = self._ended + 1, self._failed + 1
            case CapabilityRegistered(card=card):
                self._costs[envelope.key] = card.cost or 0.0
            case _:
                pass

    def close(self, at_ms: int, span_ms: int) -> SeriesSampled:
        """Return what was measured since the last time, and begin anew."""
        points = [
            Point(series=name, value=fsum(values) / len(values))
            for name, values in sorted(self._values.items())
        ]
        if self._ended >= SHARE_OF:
            points.append(Point(series="failed_share", value=self._failed / self._ended))
            self._ended = self._failed = 0
        counts = [Point(series=name, value=float(n)) for name, n in sorted(self._counts.items())]
        self._values.clear()
        self._counts = dict.fromkeys(self._counts, 0)
        return SeriesSampled(
            at_ms=at_ms, span_ms=span_ms, points=tuple(points), counts=tuple(counts)
        )

    def _completed(self, event: ResponseCompleted, at_ms: int) -> None:
        of, values = event.capability, self._values
        self._ended += 1
        began = self._began.pop(event.run_id, None)
        if began is not None:
            values[f"latency_ms/{of}"].append(at_ms - began)
        values[f"tokens/{of}"].append(event.prompt_tokens + event.completion_tokens)
        if self._costs.get(of):
            values[f"cost/{of}"].append(self._costs[of])

    def _count(self, name: str) -> None:
        if name in self._counts or len(self._counts) < NAMES_MAX:
            self._counts[name] = self._counts.get(name, 0) + 1


def producer_of(head: Head) -> str:
    """Return who wrote a record: a processor without its version, or what it calls its source."""
    processor = head.get(env.PROCESSOR, b"").decode(errors="replace").partition("/")[0]
    source = head.get(env.SOURCE, b"").decode(errors="replace").rpartition("/")[2]
    return processor or source or "unknown"
