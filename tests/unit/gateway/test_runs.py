"""Who waits for which run: nothing is missed while the registry or the store is away."""

import asyncio
import queue
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway.runs import PACE_MAX_S, PACE_S, Runs, pace
from streams.envelope import Head
from streams.errors import StoreAway
from streams.ids import RunId
from streams.io.wire import Wire
from streams.log import Record
from tests.unit.gateway.door import Grid, completed, silent

RUN = RunId("run")


class StoreAwayOnce(Wire):
    """Cannot read the first record it is given until it is asked again."""

    asked = 0

    def open(self, record: Record, head: Head | None = None) -> Any:
        self.asked += 1
        if self.asked == 1:
            raise StoreAway("the object store does not answer")
        return super().open(record, head)


async def following(grid: Grid, wire: Wire) -> Runs:
    runs = Runs(grid, wire)
    runs.start()
    async with asyncio.timeout(60):
        while not runs.following:
            await asyncio.sleep(0.01)
    return runs


async def test_an_answer_is_not_lost_while_its_payload_is_out_of_reach(tmp_path: Path) -> None:
    grid = Grid(tmp_path, silent, in_flight_max=10)
    wire = StoreAwayOnce(grid.wire.codec, grid.wire._store)
    runs = await following(grid, wire)
    with runs.waiting(RUN) as news:
        grid.say(completed(RUN))
        async with asyncio.timeout(60):
            assert await news.get() == completed(RUN)
    await runs.close()
    assert wire.asked == 2


async def test_the_more_wait_the_longer_the_log_is_left_alone_and_for_one_not_at_all(
    tmp_path: Path,
) -> None:
    assert [pace(n) for n in (0, 1)] == [0.0, 0.0]
    assert pace(2) == PACE_S
    assert pace(10_000) == PACE_MAX_S
    grid = Grid(tmp_path, silent, in_flight_max=10)
    rests: queue.Queue[float] = queue.Queue()
    runs = Runs(grid, grid.wire, rests.put)
    with ExitStack() as waiting:
        for number in range(4):
            waiting.enter_context(runs.waiting(RunId(f"run-{number}")))
        runs.start()
        rested = [await asyncio.to_thread(rests.get, timeout=60) for _ in range(3)]
        await runs.close()
    assert rested == [pace(4)] * 3


async def test_who_stopped_waiting_is_forgotten(tmp_path: Path) -> None:
    grid = Grid(tmp_path, silent, in_flight_max=10)
    runs = await following(grid, grid.wire)
    with runs.waiting(RUN):
        pass
    with runs.waiting(RunId("other")) as news:
        grid.say(completed(RUN), completed(RunId("other")))
        async with asyncio.timeout(60):
            assert (await news.get()).run_id == "other"
        assert (news.empty(), runs.open) == (True, 1)
    assert runs.open == 0
    await runs.close()
    assert "follow-runs" not in {thread.name for thread in threading.enumerate()}


async def test_junk_and_what_is_older_than_the_question_are_passed_over(tmp_path: Path) -> None:
    grid = Grid(tmp_path, silent, in_flight_max=10)
    grid.say(completed(RUN, "older"))
    runs = await following(grid, grid.wire)
    with runs.waiting(RUN) as news:
        for value in (None, b"", b"junk", b"\0\0\0\0\x01\xff"):
            grid.broker.land(
                grid.wire.draft("aether.chunks", 0, b"k", completed(RUN), [])._replace(value=value)
            )
        grid.say(completed(RUN, "newer"))
        async with asyncio.timeout(60):
            assert await news.get() == completed(RUN, "newer")
    await runs.close()
