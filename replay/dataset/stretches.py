"""What of the log a dataset was made from: all that decides a row, and nothing behind its ends."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from replay.unrepeated import Ends
from streams.log import EventLog
from streams.topics import FORKS, SESSIONS, TUNING

#: Runs, forks, and what people said of them.
TOPICS = (SESSIONS.name, FORKS.name, TUNING.name)


class Stretch(NamedTuple):
    """The records of a partition that were looked at."""

    topic: str
    identity: str
    partition: int
    first: int
    end: int


def stretches(log: EventLog) -> Iterator[Stretch]:
    """Yield what every partition that datasets are made from holds now."""
    for topic in TOPICS:
        identity = log.identity(topic)
        for partition in range(log.partitions(topic)):
            yield Stretch(topic, identity, partition, *log.span(topic, partition))


def ends_of(log: Iterable[Stretch]) -> Ends:
    """Return where stretches end."""
    return {(stretch.topic, stretch.partition): stretch.end for stretch in log}
