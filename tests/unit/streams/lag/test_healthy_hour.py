"""A healthy hour raises no false alarm, however a reader that is well commits."""

import random
from collections.abc import Callable

import pytest

from streams.events.lag import Phase, Verdict
from tests.unit.streams.lag.world import START_MS, World

#: Readers that are well: how much they commit of what comes, at what times.
HEALTHY: dict[str, Callable[[World, random.Random], None]] = {}


def reader(act: Callable[[World, random.Random], None]) -> Callable[[World, random.Random], None]:
    HEALTHY[act.__name__] = act
    return act


def _at(world: World, every_ms: int) -> bool:
    return (world.now_ms - START_MS) % every_ms == 0


@reader
def prompt(world: World, chance: random.Random) -> None:
    world.consume(world.end)
    if _at(world, 500):
        world.commit()


@reader
def committing_every_five_seconds(world: World, chance: random.Random) -> None:
    world.consume(world.end)
    if _at(world, 5_000):
        world.commit()


@reader
def in_batches(world: World, chance: random.Random) -> None:
    """It reads all there is every two seconds, and works on it as long."""
    if _at(world, 2_000):
        world.commit()
        world.consume(world.end)


@reader
def in_long_batches(world: World, chance: random.Random) -> None:
    """It commits what it read ten seconds ago, and reads what has come since."""
    if _at(world, 10_000):
        world.commit()
        world.consume(world.end)


@reader
def stumbling(world: World, chance: random.Random) -> None:
    """It pauses for up to four seconds now and then, as a collector of garbage makes it."""
    if chance.random() < 0.002:
        world.read_again_ms = world.now_ms + chance.randrange(4_000)  # type: ignore[attr-defined]
    if world.now_ms >= getattr(world, "read_again_ms", 0):
        world.consume(500)
        if _at(world, 500):
            world.commit()


@reader
def rebalancing(world: World, chance: random.Random) -> None:
    """Its group is shared out anew every ten minutes, which takes twenty seconds."""
    turn = (world.now_ms - START_MS) % 600_000
    world.phase = Phase.REBALANCING if 300_000 <= turn < 320_000 else Phase.STABLE
    if world.phase is Phase.STABLE:
        world.consume(2_000)
        if _at(world, 500):
            world.commit()


@pytest.mark.parametrize("act", HEALTHY.values(), ids=list(HEALTHY))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_healthy_hour_raises_no_false_alarm(
    act: Callable[[World, random.Random], None], seed: int
) -> None:
    world, chance = World(), random.Random(seed)
    busy = 1.0
    for tenth in range(36_000):
        world.now_ms += 100
        if tenth % 600 == 0:
            busy = chance.choice((0.0, 0.05, 1.0, 10.0))  # from idle to a hundred a second
        world.produce(_poisson(chance, busy))
        act(world, chance)
        if tenth % 10 == 9:
            world.look()
    assert len(world.verdicts) == 3_600
    assert {v: world.verdicts.count(v) for v in set(world.verdicts)} == {Verdict.OK: 3_600}


def _poisson(chance: random.Random, mean: float) -> int:
    at, number = chance.expovariate(1), 0
    while at < mean:
        at, number = at + chance.expovariate(1), number + 1
    return number
