"""Two deciders whose decisions depend on their state, on each other and on a fact of the grid; an
effect that takes its time. A decision is nothing, one or two events.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from streams.decider import Decider, Projection
from streams.effects import EffectClass
from streams.envelope import Envelope
from streams.errors import Poison, Transient
from streams.ids import ProcessorName
from tests.unit.processors.toy_events import TOPIC, Counted, Looked, Ruled, Summed, Told


def count(state: int, cause: Envelope[Told], rule: int) -> tuple[Counted, ...]:
    body = cause.event.body
    if body < 0:
        raise Poison("below zero")
    turn = (state + body + rule) % 5
    if turn == 0:
        return ()
    return tuple(
        Counted(body=(state * 7 + body + step + rule) % 97) for step in range(1 + (turn == 1))
    )


def add(state: int, cause: Envelope[Any], _: None) -> tuple[Summed, ...]:
    turn = (state * 3 + cause.event.body + isinstance(cause.event, Looked)) % 4
    if turn == 0:
        return ()
    return tuple(
        Summed(body=(state * 5 + cause.event.body + step) % 89) for step in range(1 + (turn == 3))
    )


def remember(state: int, event: Counted | Summed) -> int:
    return (state * 31 + event.body + 1) % 1009


RULE: Projection[int, Ruled] = Projection(
    reads=(Ruled,), initial=0, evolve=lambda _, fact: fact.body
)
NO_RULE: Projection[None, Any] = Projection(reads=(), initial=None, evolve=lambda rule, _: rule)

COUNTER = Decider(
    name=ProcessorName("counter"),
    version=1,
    topic=TOPIC,
    reads=(Told,),
    writes=(Counted,),
    initial=0,
    decide=count,
    evolve=remember,
    grid=RULE,
)
ADDER = Decider(
    name=ProcessorName("adder"),
    version=1,
    topic=TOPIC,
    reads=(Told, Counted, Looked),
    writes=(Summed,),
    initial=0,
    decide=add,
    evolve=remember,
    grid=NO_RULE,
)


class Looking:
    """An effect that takes its time and now and then finds the world away."""

    name, version, topic = ProcessorName("looking"), 1, TOPIC
    reads: tuple[type, ...] = (Counted,)
    writes: tuple[type, ...] = (Looked,)
    depends_on: tuple[str, ...] = ("body",)
    safety = EffectClass.REPEATABLE
    batch_max = 2
    patience_s: float | None = None

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    async def perform(self, causes: Sequence[Envelope[Counted]]) -> Sequence[Looked]:
        for _ in range(self.chance.randrange(4)):
            await asyncio.sleep(0)
        return [Looked(body=cause.event.body % 10) for cause in causes]

    @staticmethod
    def give_up(cause: Envelope[Any], error: Transient) -> Looked:
        raise AssertionError("the world of this test comes back")
