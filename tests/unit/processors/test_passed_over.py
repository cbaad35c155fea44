"""The first batch of a partition brings what was passed over before it."""

import pytest

from processors.batch import Batch
from processors.passed_over import PassedOver
from streams.errors import BrokerAway
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.log import Draft

TOPIC = "t"


class Group:
    """What a group committed; away as often as told."""

    def __init__(self, committed: dict[int, int], away: int = 0) -> None:
        self.offsets, self.away, self.asked = committed, away, 0

    def committed(self, topic: str, partitions: int) -> dict[int, int]:
        self.asked += 1
        assert (topic, partitions) == (TOPIC, 2)
        if self.asked <= self.away:
            raise BrokerAway("no coordinator")
        return self.offsets


@pytest.fixture
def log() -> MemoryLog:
    log = MemoryLog(MemoryBroker({TOPIC: 2}))
    log.append([Draft(TOPIC, 1, b"k", b"%d" % n, []) for n in range(10)], lambda _: None)
    log.flush(1)
    return log


def batch(log: MemoryLog, offset: int, generation: int = 1, *, wanted: bool = True) -> Batch:
    records = log.broker.records[TOPIC, 1][offset : offset + 1] if wanted else []
    return Batch(1, generation, records, offset + 1, lambda: None)


def offsets(batch: Batch) -> list[int]:
    return [record.offset for record in batch.records]


async def test_what_lies_between_the_commit_and_the_first_batch_comes_with_it(
    log: MemoryLog,
) -> None:
    passed_over = PassedOver(TOPIC, Group({1: 4}).committed, log)
    filled = await passed_over.filled(batch(log, 7))
    assert (offsets(filled), filled.position) == ([4, 5, 6, 7], 8)
    assert offsets(await passed_over.filled(batch(log, 9))) == [9], "a generation is asked once"


@pytest.mark.parametrize(
    ("committed", "expected"), [({1: 7}, [7]), ({1: 8}, [7]), ({}, [*range(8)])]
)
async def test_what_was_passed_over_is_counted_from_the_commit_or_the_beginning(
    log: MemoryLog, committed: dict[int, int], expected: list[int]
) -> None:
    passed_over = PassedOver(TOPIC, Group(committed).committed, log)
    assert offsets(await passed_over.filled(batch(log, 7))) == expected


async def test_a_record_that_nobody_wants_shows_what_was_passed_over_as_well(
    log: MemoryLog,
) -> None:
    passed_over = PassedOver(TOPIC, Group({1: 5}).committed, log)
    assert offsets(await passed_over.filled(batch(log, 7, wanted=False))) == [5, 6]


async def test_every_generation_is_looked_at_however_long_the_coordinator_is_away(
    log: MemoryLog,
) -> None:
    group = Group({1: 4}, away=2)
    passed_over = PassedOver(TOPIC, group.committed, log)
    assert offsets(await passed_over.filled(batch(log, 5))) == [4, 5]
    for expected in ([*range(4, 10)], [9]):  # and none twice
        assert offsets(await passed_over.filled(batch(log, 9, 2))) == expected
    assert group.asked == 4
