"""The runner's own paths: what it wants, what it counts, how it lets go and how it fails."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from processors.batch import Batch, Tally
from streams.errors import DeliveryFailed, Fatal, Misconfigured
from tests.unit.processors.desk import Desk, Watched
from tests.unit.processors.toy_events import Counted, Looked, Summed, Told


async def test_it_counts_what_it_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    desk.tell(Counted(body=1), Counted(body=-1), Told(body=1))
    desk.tell(None, value=b"junk")
    await asyncio.gather(desk.take(), desk.turn(60))
    assert desk.runner.tally == Tally(read=4, repeated=0, parked=2, appended=3, recalled=4)
    assert (desk.runner.in_flight, desk.acknowledged) == (0, [4])


async def test_it_wants_what_it_does_not_know_to_be_anothers(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    values = [desk.world.wire.codec.encode(e(body=1)) for e in (Counted, Told, Looked, Summed)]
    assert [desk.runner.wants(value) for value in values] == [True] * 4
    desk.tell(Counted(body=1), Told(body=1), Looked(body=1))
    await asyncio.gather(desk.take(), desk.turn())
    assert [desk.runner.wants(value) for value in values] == [True, False, False, True]
    assert desk.runner.wants(None)
    assert desk.runner.wants(b"")


async def test_a_batch_without_records_moves_the_position(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    await desk.take()
    assert desk.acknowledged == [0]


async def test_nothing_is_acknowledged_before_its_delivery(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    desk.tell(Counted(body=1))
    await desk.take()
    for _ in range(20):
        await asyncio.sleep(0)
    assert (len(desk.log.in_flight), desk.acknowledged) == (1, [])
    await desk.turn()
    assert desk.acknowledged == [1]


async def test_a_failed_delivery_stops_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Watched())
    desk.log.broken = True
    await desk.work(Counted(body=1))
    assert isinstance(desk.runner.failure, DeliveryFailed)
    assert desk.runner.failed.is_set()
    desk.log.broken = False
    desk.tell(Counted(body=2))
    await desk.take()
    assert desk.acknowledged == []


class Breaks(Watched):
    """An effect with a bug."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def perform(self, causes: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ZeroDivisionError("a bug"), Fatal, "ZeroDivisionError: a bug"),
        (Misconfigured("no key"), Misconfigured, "no key"),
    ],
)
async def test_what_nobody_foresaw_stops_it_without_acknowledgement(
    error: Exception, kind: type, words: str, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, Breaks(error))
    await desk.work(Counted(body=1))
    assert type(desk.runner.failure) is kind
    assert str(desk.runner.failure) == words
    assert desk.acknowledged == []


async def test_what_is_finished_within_the_grace_is_acknowledged(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    await desk.work(Counted(body=1))
    releasing = asyncio.create_task(desk.runner.release(60))
    await desk.turn()
    assert not releasing.done()
    effect.gates[1].set_result(None)
    await desk.turn()
    await releasing
    assert desk.acknowledged == [1]


async def test_what_is_not_finished_within_the_grace_is_left_to_the_next_owner(
    tmp_path: Path,
) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    await desk.work(Counted(body=1))
    await desk.runner.release(0.0)
    desk.runner.reset()
    await desk.turn()
    assert (desk.looked(), desk.acknowledged) == ([], [])


async def test_a_new_generation_begins_anew(tmp_path: Path) -> None:
    effect = Watched()
    effect.shut(1)
    desk = Desk(tmp_path, effect)
    desk.tell(Counted(body=1))
    await desk.take(generation=1)
    await desk.turn()
    desk.position = 0
    effect.gates.clear()
    await desk.take(generation=2)
    await desk.turn()
    assert (effect.calls, desk.looked(), desk.acknowledged) == ([[1], [1]], [1], [1])


async def test_what_was_passed_over_is_worked_on_first_and_acknowledged_with_the_rest(
    tmp_path: Path,
) -> None:
    effect = Watched()
    desk = Desk(tmp_path, effect)
    desk.tell(Counted(body=1), Counted(body=2))
    desk.position = 1

    async def filled(batch: Batch) -> Batch:
        return batch._replace(records=desk.world.records()[:2])

    await desk.take(filled=filled)
    await desk.turn()
    assert (effect.calls, desk.acknowledged) == ([[1], [2]], [2])


async def test_what_is_taken_away_while_it_is_filled_is_left_to_the_next_owner(
    tmp_path: Path,
) -> None:
    effect = Watched()
    desk = Desk(tmp_path, effect)
    desk.tell(Counted(body=1))

    async def filled(batch: Batch) -> Batch:
        desk.runner.reset()
        return batch

    await desk.take(filled=filled)
    await desk.turn()
    assert (effect.calls, desk.acknowledged) == ([], [])
