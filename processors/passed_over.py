"""What Faust's own driver passes over: records between what a group had read and what it is given.

After a rebalance it goes back to what was committed only if the group's coordinator answers just
then; else it goes on behind what lay in its buffers, and commits beyond it. Our own transport does
not need this.
"""

import asyncio
from collections.abc import Callable, Mapping

from processors.batch import Batch
from processors.patience import patiently
from streams.log import EventLog, Record

#: Returns what the group has committed in a topic of so many partitions. Raises BrokerAway.
Committed = Callable[[str, int], Mapping[int, int]]


class PassedOver:
    """One topic's partitions as they are given to a member, each once a generation."""

    def __init__(self, topic: str, committed: Committed, log: EventLog) -> None:
        self._topic = topic
        self._committed = committed
        self._log = log
        self._seen: dict[int, int] = {}  # the generation by partition

    async def filled(self, batch: Batch) -> Batch:
        """Return a batch; the first of a partition with what was passed over in front of it."""
        if self._seen.get(batch.partition) == batch.generation:
            return batch
        missed = await patiently(lambda: asyncio.to_thread(self._before, batch))
        self._seen[batch.partition] = batch.generation
        return batch._replace(records=[*missed, *batch.records]) if missed else batch

    def _before(self, batch: Batch) -> list[Record]:
        partition, count = batch.partition, self._log.partitions(self._topic)
        begun = self._log.span(self._topic, partition).first
        start = self._committed(self._topic, count).get(partition, begun)
        end = batch.records[0].offset if batch.records else batch.position - 1
        if start >= end:
            return []
        read = self._log.read(self._topic, partition, max(start, begun), end)
        return [record for records in read for record in records]
