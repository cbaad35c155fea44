"""When the verdict on a group changes; the rules are in `streams/lag/`, shared with every door.

What was sampled is a fact of the partition: its fold is the window that a verdict rests on.
"""

from dataclasses import dataclass, replace

from streams.decider import Decider, Projection
from streams.envelope import Envelope
from streams.events.lag import LagSampled, LagVerdictChanged, PartitionVerdict, Status, Verdict
from streams.ids import ProcessorName
from streams.lag.figures import seconds_of
from streams.lag.groups import Group, Lags, learn, status_of
from streams.topics import OBSERVATIONS


@dataclass(frozen=True, slots=True)
class Judged:
    """What was last said of a group: its status, and the partitions that are not well."""

    status: Status = Status.OK
    partitions: tuple[tuple[str, int, Verdict], ...] = ()


def decide(state: Judged, cause: Envelope[LagSampled], lags: Lags) -> tuple[LagVerdictChanged, ...]:
    """Say what holds now, if it is something else than before."""
    group = lags.groups.get(cause.event.group)
    if group is None or group.at_ms != cause.event.at_ms:
        return ()  # an older sample than one that was judged
    changed = _verdict(group, state.status)
    return (changed,) if evolve(state, changed) != state else ()


def evolve(state: Judged, event: LagVerdictChanged) -> Judged:
    """Remember what was said."""
    wrong = tuple((one.topic, one.partition, one.verdict) for one in event.partitions)
    return replace(state, status=event.status, partitions=wrong)


def _verdict(group: Group, before: Status) -> LagVerdictChanged:
    judged = group.verdicts()
    return LagVerdictChanged(
        status=status_of(frozenset(verdict for _, verdict in judged)),
        before=before,
        partitions=tuple(
            PartitionVerdict(
                topic=window.topic,
                partition=window.sample.partition,
                verdict=verdict,
                lag=window.lag,
                seconds=seconds_of(window, group.at_ms)[0],
            )
            for window, verdict in judged
            if verdict is not Verdict.OK
        ),
    )


OBSERVER: Decider[Judged, LagSampled, LagVerdictChanged, Lags] = Decider(
    name=ProcessorName("observer"),
    version=3,
    topic=OBSERVATIONS,
    reads=(LagSampled,),
    writes=(LagVerdictChanged,),
    initial=Judged(),
    decide=decide,
    evolve=evolve,
    grid=Projection(reads=(LagSampled,), initial=Lags(), evolve=learn),
)
