"""What is held up by work outside the log, such as a long answer: its group hears that it goes on.

Nothing can be committed meanwhile, and silence would mean that the member has stopped.
"""

from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import TopicPartition
from faust.types import TP

from streams.io.kafka.commits import WORKING

#: It is said so often; a member that is frozen says nothing.
SAID_S = 3.0

Busy = Callable[[TP], bool]


class Held:
    """By partition, the first record that was not acknowledged when it was looked last."""

    def __init__(self) -> None:
        self._first: dict[TP, int] = {}

    def marks(
        self,
        delivered: Mapping[TP, Sequence[int]],
        committed: Mapping[TP, int | None],
        busy: Busy,
    ) -> list[TopicPartition]:
        """Return what was committed, once more, where nothing moved since and work goes on.

        Where nothing was committed yet, nothing can be.
        """
        before = self._first
        self._first = {tp: line[0] for tp, line in delivered.items() if line}
        return [
            TopicPartition(tp.topic, tp.partition, at, WORKING)
            for tp, first in self._first.items()
            if before.get(tp) == first and (at := committed.get(tp)) is not None and busy(tp)
        ]
