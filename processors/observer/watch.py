"""The observer's eye: looks at every consumer group, and writes down what is worth to be known.

Of several workers one looks: the one that reads the observations. What a group does that does
nothing is told every few seconds, with what was seen last before it moves again.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, NamedTuple, Protocol

from processors.observer.probing import Probing
from processors.patience import pause
from streams.errors import DeliveryFailed, Misconfigured, Transient
from streams.events.lag import LagSampled, PartitionSample
from streams.events.probes import ProbeAnswered, ProbeSent
from streams.ids import EventId, minted
from streams.io.kafka.sampler import Look
from streams.io.lag_history import Observed, folded, recent
from streams.io.wire import Wire
from streams.lag.groups import learn
from streams.log import Draft, EventLog, Follower
from streams.topics import OBSERVATIONS, PROBE_KEY, PROBES, Topic

logger = logging.getLogger(__name__)

COMPONENT = "observer"
HEARTBEAT_MS = 10_000


class Eye(Protocol):
    """What looks at a cluster: see `streams.io.kafka.sampler.Sampler`."""

    def look(self) -> Look:
        """Sample everything now. Raises BrokerAway and Misconfigured."""

    def close(self) -> None:
        """Let go of every connection."""


class Known(NamedTuple):
    """What was seen last, and what all that was observed says."""

    look: Look
    observed: Observed


class Watch:
    """One worker's watch; `known` is None while another one looks, or nobody can."""

    def __init__(
        self,
        eye: Eye,
        log: EventLog,
        wire: Wire,
        holds: Callable[[], bool],
        every_s: float,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._eye = eye
        self._log = log
        self._wire = wire
        self._holds = holds
        self._every_s = every_s
        self._now_ms = now_ms
        self._told = Told()
        self._follower: Follower | None = None
        self._unsent = 0
        self.probing = Probing()
        self.known: Known | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop` is set; a world that is away is not looked at."""
        try:
            while not stop.is_set():
                began = time.monotonic()
                await self._turn()
                await pause(stop, max(0.0, self._every_s - (time.monotonic() - began)))
        finally:
            self._let_go()
            await asyncio.to_thread(self._eye.close)

    async def _turn(self) -> None:
        if not self._holds():
            self._rest()
            return
        try:
            drafts = await asyncio.to_thread(self._once)
        except (Transient, Misconfigured) as error:
            logger.warning("not looked", extra={"error": str(error)})
            self._rest()
            return
        self._unsent += self._log.append(drafts, self._delivered)

    def _rest(self) -> None:
        """Know nothing any more; what was seen is in the log."""
        self.known, self._told = None, Told()
        self._let_go()

    def _let_go(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _once(self) -> list[Draft]:
        """Hear what was written, look, and return what is to be told. Runs in a thread."""
        observed = self._heard()
        look = self._eye.look()
        lags = reduce(learn, look.samples, observed.lags)
        self.known = Known(look, observed._replace(lags=lags))
        if self._unsent:  # the broker is slow: what was seen before is on its way still
            return []
        drafts = [self._draft(OBSERVATIONS, s.group, s, s.at_ms) for s in self._told.worth(look)]
        for said in self.probing.due(look.at_ms):
            topic = PROBES if isinstance(said, ProbeSent) else OBSERVATIONS
            drafts.append(self._draft(topic, PROBE_KEY, said, look.at_ms))
        return drafts

    def _heard(self) -> Observed:
        """Return what is known with what was written since, answers to probes above all."""
        if self.known is None or self._follower is None:
            observed = recent(self._log, self._wire, self._now_ms())
            self._follower = self._log.follow({(OBSERVATIONS.name, 0): observed.offset})
            return observed
        records = self._follower.take(0)
        for answer in self._wire.opened(records, (ProbeAnswered,)):
            self.probing.answered(answer.event.number)
        return folded(self.known.observed, records, self._wire)

    def _delivered(self, error: DeliveryFailed | None) -> None:
        self._unsent -= 1
        if error is not None:
            logger.warning("not told", extra={"error": str(error)})

    def _draft(self, topic: Topic, key: str, event: Any, at_ms: int) -> Draft:
        return self._wire.root(
            event,
            component=COMPONENT,
            topic=topic.name,
            key=key,
            event_id=EventId(minted(at_ms, os.urandom(10))),
            at_ms=at_ms,
        )


class Told:
    """What was told last of each group, and what was kept back since."""

    def __init__(self) -> None:
        self._told: dict[str, LagSampled] = {}
        self._kept: dict[str, LagSampled] = {}

    def worth(self, look: Look) -> Iterator[LagSampled]:
        """Yield the samples that say something new."""
        for sample in look.samples:
            last, kept = self._told.get(sample.group), self._kept.pop(sample.group, None)
            if last is not None and not moved(last, sample):
                if sample.at_ms - last.at_ms < HEARTBEAT_MS:
                    self._kept[sample.group] = sample
                    continue
            elif kept is not None:
                yield kept  # until then it was idle: an hour of silence is no hour of lag
            self._told[sample.group] = sample
            yield sample


def moved(last: LagSampled, sample: LagSampled) -> bool:
    """Whether something happened since the last sample, or should: somebody is behind.

    The observations themselves do not count: each sample would be the reason of the next.
    """
    return _shape(last) != _shape(sample) or any(p.committed < p.end for p in _counted(sample))


def _shape(sample: LagSampled) -> object:
    identities = [topic.identity for topic in sample.topics]
    offsets = [(p.partition, p.end, p.committed) for p in _counted(sample)]
    return sample.phase, sample.members, identities, offsets


def _counted(sample: LagSampled) -> list[PartitionSample]:
    return [
        partition
        for topic in sample.topics
        if topic.topic != OBSERVATIONS.name
        for partition in topic.partitions
    ]
