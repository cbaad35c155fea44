"""What may happen to a grid while one of its effects is at work on a run."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from processors.effects import Effect
from processors.models.effect import Inferring
from processors.models.ports import Answer, Emit, Refusal
from processors.perception.effect import PerceiveRequests
from processors.recall.effect import Recalling
from streams.events import sessions as s
from streams.ids import ModelName, RunId
from tests.unit.replay.memory_grid import (
    Letters,
    MemoryGrid,
    Parrot,
    Shelf,
    Silent,
)

#: Something that happens while an effect is at work.
Meanwhile = Callable[[MemoryGrid, RunId], Any]


def say_and_cancel(grid: MemoryGrid, run: RunId) -> None:
    grid.say("blue?")
    grid.cancel(run)


MEANWHILE: dict[str, Meanwhile] = {
    "nothing": lambda grid, run: None,
    "a cancellation": MemoryGrid.cancel,
    "a fact": lambda grid, run: grid.adopt("green"),
    "another request": lambda grid, run: grid.say("blue?"),
    "the same request": lambda grid, run: grid.say("green?", model="gray"),
    "two requests": lambda grid, run: (grid.say("blue?"), grid.say("grass?", model="nobody")),
    "a request and a cancellation": say_and_cancel,
}


class Once:
    """Lets something happen the first time it is told to; whoever tells it then rests."""

    def __init__(self, happens: Callable[[], Any], turns: int = 0) -> None:
        self._happens: Callable[[], Any] | None = happens
        self._turns = turns

    async def __call__(self) -> None:
        happens, self._happens = self._happens, None
        if happens is not None:
            happens()
            for _ in range(self._turns):
                await asyncio.sleep(0)


class BusyLetters(Letters):
    def __init__(self, meanwhile: Once) -> None:
        self._meanwhile = meanwhile

    async def encode(self, texts: Sequence[str]) -> Any:
        await self._meanwhile()
        return await super().encode(texts)


class BusyShelf(Shelf):
    def __init__(self, meanwhile: Once) -> None:
        self._meanwhile = meanwhile

    async def recall(self, *asked: Any) -> Any:
        await self._meanwhile()
        return await super().recall(*asked)


class BusyParrot(Parrot):
    def __init__(self, name: str, meanwhile: Once) -> None:
        super().__init__(name)
        self._meanwhile = meanwhile

    async def answer(self, request: s.InferenceRequested, emit: Emit) -> Answer | Refusal:
        await self._meanwhile()
        return await super().answer(request, emit)


def busy(grid: MemoryGrid, while_: str, once: Once) -> None:
    """Let something happen while an effect of this name is at work."""
    models = {ModelName(name): BusyParrot(name, once) for name in ("gray", "blue")}
    effects: dict[str, Effect] = {
        "perception": PerceiveRequests(BusyLetters(once)),
        "recall": Recalling(BusyShelf(once), Letters()),  # type: ignore[arg-type]
        "models": Inferring(models, Silent()),
    }
    grid.effects = tuple(effects[e.name] if e.name == while_ else e for e in grid.effects)
