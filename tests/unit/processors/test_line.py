"""Lines, rooms and patience: the small things that acknowledgement stands on."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from processors.line import Line
from processors.patience import FIRST_PAUSE_S, MANY, patiently, rested
from processors.room import Room
from streams.errors import ModelAway, Transient, Undecodable

# -- line


async def test_nothing_is_acknowledged_over_a_gap() -> None:
    done: list[str] = []
    line = Line()
    first, second = line.enter(lambda: done.append("a")), line.enter(lambda: done.append("b"))
    second.release()
    assert done == []
    first.hold()
    first.release()
    assert done == []
    first.then(lambda: done.append("after a"))
    first.release()
    assert done == ["a", "after a", "b"]


async def test_a_line_is_drained_when_nothing_is_open() -> None:
    line = Line()
    await line.drained()
    entry = line.enter(lambda: None)
    waiting = asyncio.create_task(line.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    entry.release()
    await waiting


async def test_a_closed_line_acknowledges_nothing_and_is_drained() -> None:
    done: list[str] = []
    line = Line()
    entry = line.enter(lambda: done.append("a"))
    line.close()
    entry.release()
    await line.drained()
    assert (done, line.closed) == ([], True)


@forall(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_in_whatever_order_deliveries_come_entries_are_acknowledged_in_theirs(
    holds: list[int], chance: Any
) -> None:
    done: list[int] = []
    line = Line()
    entries = [line.enter(lambda n=n: done.append(n)) for n in range(len(holds))]  # type: ignore[misc]
    for entry, count in zip(entries, holds, strict=True):
        entry.hold(count - 1)
    deliveries = [entry for entry, count in zip(entries, holds, strict=True) for _ in range(count)]
    chance.shuffle(deliveries)
    for entry in deliveries:
        entry.release()
        assert done == list(range(next((n for n, e in enumerate(entries) if e.open), len(holds))))
    assert len(done) == len(holds)


# -- room


async def test_a_room_is_free_below_its_limit() -> None:
    room = Room(2)
    room.enter(2)
    assert (room.free, room.inside) == (False, 2)
    waiting = asyncio.create_task(room.available())
    await asyncio.sleep(0)
    assert not waiting.done()
    room.leave()
    await waiting
    assert room.free


async def test_a_room_overfull_waits_until_it_is_below_its_limit_again() -> None:
    room = Room(2)
    room.enter(5)
    waiting = asyncio.create_task(room.available())
    room.leave(3)
    await asyncio.sleep(0)
    assert not waiting.done()
    room.leave()
    await waiting


# -- patience


class Away:
    """Fails some times, then answers."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def __call__(self) -> str:
        if not self.left:
            return "there"
        self.left -= 1
        raise ModelAway(f"{self.left} to go")


async def test_a_world_that_comes_back_is_waited_for() -> None:
    told: list[str] = []
    assert await patiently(Away(2), told=lambda error: told.append(str(error))) == "there"
    assert told == ["1 to go", "0 to go"]


async def test_patience_ends_with_the_last_error() -> None:
    with pytest.raises(Transient, match="4 to go"):
        await patiently(Away(5), limit_s=0.0)


async def test_only_what_may_pass_is_asked_again() -> None:
    tried = []

    async def broken() -> None:
        tried.append(1)
        raise Undecodable("junk")

    with pytest.raises(Undecodable):
        await patiently(broken)
    assert tried == [1]


async def test_pauses_grow() -> None:
    times: list[float] = []
    clock = asyncio.get_running_loop().time
    await patiently(Away(3), told=lambda _: times.append(clock()))
    first, second = (later - earlier for earlier, later in pairwise(times))
    assert first >= FIRST_PAUSE_S * 0.9
    assert second >= 2 * FIRST_PAUSE_S * 0.9


async def test_who_finds_little_rests_until_it_is_stopped_and_who_finds_much_does_not() -> None:
    stop = asyncio.Event()
    resting, going_on = (asyncio.create_task(rested(stop, came)) for came in (MANY - 1, MANY))
    await going_on
    assert not resting.done()
    stop.set()
    await resting
