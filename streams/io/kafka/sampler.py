"""Samples every consumer group of a cluster: one look at what a verdict on lag rests on.

Ends are asked for before commits, so that lag is never told too high by what came in between.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from streams.events.lag import LagSampled, PartitionSample, TopicSample
from streams.io.kafka.commits import Commits, Reader
from streams.io.kafka.log import KafkaLog, Options
from streams.io.kafka.oldest import At, Oldest
from streams.io.kafka.survey import ClusterNow, GroupNow, Surveyor


class Look(NamedTuple):
    """What was seen at a time: the cluster, and a sample of each group that ever committed."""

    at_ms: int
    cluster: ClusterNow
    samples: tuple[LagSampled, ...]


class Sampler:
    """A cluster's groups; one thread at a time may use it."""

    def __init__(
        self,
        bootstrap: str,
        options: Options,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        ignored: str = "",
    ) -> None:
        self._now_ms = now_ms
        self._ignored = re.compile(ignored)
        self._log = KafkaLog(bootstrap, options=options)
        self._surveyor = Surveyor(bootstrap, options)
        self._commits = Commits(self._log)
        self._oldest = Oldest(bootstrap, options)

    def look(self) -> Look:
        """Sample everything now. Raises BrokerAway, and Misconfigured where rights are missing."""
        cluster = self._surveyor.cluster()
        at_ms = self._now_ms()
        groups = [group for group in self._surveyor.groups() if self._is_news(group)]
        self._commits.listen(at_ms)
        oldest = self._oldest.times(list(_waiting(cluster, groups)))
        samples = tuple(self._sample(group, at_ms, cluster, oldest) for group in groups)
        return Look(at_ms, cluster, samples)

    def _is_news(self, group: GroupNow) -> bool:
        """Whether a group ever committed, and is not one that nobody asks about."""
        return bool(group.committed) and not self._ignored.fullmatch(group.name)

    def close(self) -> None:
        """Let go of every connection."""
        self._commits.close()
        self._oldest.close()
        self._surveyor.close()
        self._log.close()

    def _sample(
        self, group: GroupNow, at_ms: int, cluster: ClusterNow, oldest: Mapping[At, int | None]
    ) -> LagSampled:
        topics = []
        for name, places in groupby(sorted(group.committed), key=lambda place: place[0]):
            topic = cluster.topics.get(name)
            if topic is None:
                continue
            partitions = []
            for _, number in places:
                now, committed = topic.partitions.get(number), group.committed[name, number]
                if now is None:
                    continue
                reader = Reader(group.name, name, number)
                partitions.append(
                    PartitionSample(
                        partition=number,
                        first=now.span.first,
                        end=now.span.end,
                        committed=committed,
                        committed_at_ms=self._commits.at_ms(reader),
                        oldest_at_ms=oldest.get(At(topic.identity, name, number, committed)),
                        working=self._commits.works(reader),
                    )
                )
            topics.append(
                TopicSample(topic=name, identity=topic.identity, partitions=tuple(partitions))
            )
        return LagSampled(
            group=group.name,
            at_ms=at_ms,
            phase=group.phase,
            members=group.members,
            topics=tuple(topics),
        )


def _waiting(cluster: ClusterNow, groups: Iterable[GroupNow]) -> Iterable[At]:
    """Yield the first record that each group has not read, once, where there is one."""
    found = dict[At, None]()
    for group in groups:
        for (name, number), committed in group.committed.items():
            topic = cluster.topics.get(name)
            now = topic.partitions.get(number) if topic else None
            if topic is not None and now is not None and committed < now.span.end:
                found[At(topic.identity, name, number, committed)] = None
    return found
