"""What the log knows of lag: the observations of the last minutes, folded.

Whoever shows lag starts from here, so that a window and a ring outlive every process.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from streams.errors import Poison
from streams.events.lag import LagSampled
from streams.events.probes import ProbeAnswered, ProbeLost
from streams.io.wire import Wire
from streams.lag.groups import Lags, learn
from streams.lag.probes import Probes, heard
from streams.log import EventLog, Record
from streams.topics import OBSERVATIONS

#: A window spans ten samples, at most ten heartbeats of an idle group; a ring gains by more.
PAST_MS = 900_000


class Observed(NamedTuple):
    """What is known from the records before `offset`."""

    lags: Lags = Lags()
    probes: Probes = Probes()
    offset: int = 0


def recent(log: EventLog, wire: Wire, now_ms: int) -> Observed:
    """Return what the observations of the last minutes say.

    Raises BrokerAway, RegistryAway, and Misconfigured where there is no such topic.
    """
    end = log.span(OBSERVATIONS.name, 0).end
    start = log.offset_at(OBSERVATIONS.name, 0, now_ms - PAST_MS)
    known = Observed(offset=end)
    for records in log.read(OBSERVATIONS.name, 0, start, end):
        known = folded(known, records, wire)
    return known._replace(offset=end)


def folded(known: Observed, records: Iterable[Record], wire: Wire) -> Observed:
    """Return what is known after some more records; what cannot be read is parked elsewhere."""
    lags, probes, offset = known
    for record in records:
        offset = record.offset + 1
        with suppress(Poison):
            kind = wire.codec.kind_of(record.value)
            if kind is LagSampled:
                lags = learn(lags, wire.open(record).event)
            elif kind in (ProbeAnswered, ProbeLost):
                probes = heard(probes, wire.open(record).event, record.timestamp_ms)
    return Observed(lags, probes, offset)
