"""However often workers are killed, frozen or cut off, the log is that of an undisturbed run."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from processors.decisions import Deciding, DecidingPost
from processors.line import Entry
from processors.parts import Assignment, Desk
from processors.runner import Runner
from streams.envelope import ID, Envelope
from streams.io.wire import Author
from streams.ledger import Ledger
from streams.log import Draft, Record
from tests.unit.processors.crash_world import MakeRunner, World, assemble, make_runner
from tests.unit.processors.faults import faults
from tests.unit.processors.lossy_log import LossyLog

RUNS = int(os.environ.get("AETHER_CRASH_RUNS", "2000"))

#: Seeds that failed once, kept so that they never do again.
FAILED_ONCE: tuple[int, ...] = ()


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """Every run parks, waits and stops: to format that for nobody takes longer than to run it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def walk(seed: int, folder: Path, make: MakeRunner) -> World:
    world = World(seed, folder / str(seed), make)
    asyncio.run(world.run(crashes=1 + seed % 5))
    return world


@pytest.mark.parametrize("part", range(4))
def test_crashes_leave_the_log_of_an_undisturbed_run(part: int, tmp_path: Path) -> None:
    happened: Counter[str] = Counter()
    for seed in [*FAILED_ONCE, *range(part, RUNS, 4)]:
        world = walk(seed, tmp_path, make_runner)
        assert faults(world) == [], f"seed {seed}"
        happened.update(world.happened)
    assert happened["kill"] > RUNS / 8
    assert happened["freeze"] > RUNS / 8
    assert happened["lost deliveries"] > RUNS / 40


# -- the test of the test: each of these mutants must be caught ------------------------------------


class AcknowledgesEarly(Runner):
    def _send(self, drafts: Sequence[Draft], entry: Entry, landed: Any = None) -> int:
        return self._log.append(drafts, lambda _: landed and landed())  # nothing is held


class DoesNotWaitForLetters(Runner):
    async def park(self, record: Record, processor: Any, error: Exception, entry: Entry) -> None:
        self.spawn(partial(super().park, record, processor, error, entry))


class ForgetfulLedger(Ledger[Any]):
    def decide(self, cause: Envelope[Any], grid: Any) -> tuple[Any, ...] | None:
        self.mark = -1
        return super().decide(cause, grid)


class DecidesAgain(Deciding):
    def begin(self, desk: Desk, assignment: Assignment) -> DecidingPost:
        post = super().begin(desk, assignment)
        ledger = post.standing.ledger
        post.standing.ledger = ForgetfulLedger(self.decider, ledger.mark, ledger.states.items())
        return post


class RandomIds(Author):
    def decision(self, cause: Envelope[Any], events: tuple[Any, ...]) -> list[Draft]:
        drafts = super().decision(cause, events)
        return [draft._replace(headers=_renamed(draft)) for draft in drafts]


def _renamed(draft: Draft) -> list[tuple[str, bytes]]:
    chance = str(UUID(bytes=os.urandom(16))).encode()
    return [(name, chance if name == ID else value) for name, value in draft.headers]


def early(world: World, log: LossyLog) -> Runner:
    return assemble(world, log, runner=AcknowledgesEarly)


def letters(world: World, log: LossyLog) -> Runner:
    return assemble(world, log, runner=DoesNotWaitForLetters)


def again(world: World, log: LossyLog) -> Runner:
    return assemble(world, log, deciding=DecidesAgain)


def chance(world: World, log: LossyLog) -> Runner:
    return assemble(world, log, author=RandomIds)


@pytest.mark.parametrize("mutant", [early, letters, again, chance], ids=lambda m: str(m.__name__))
def test_a_mutant_is_caught(mutant: MakeRunner, tmp_path: Path) -> None:
    assert any(_goes_wrong(seed, tmp_path, mutant) for seed in range(400))


def _goes_wrong(seed: int, folder: Path, mutant: MakeRunner) -> bool:
    try:
        return bool(faults(walk(seed, folder, mutant)))
    except AssertionError:
        return True  # it never finished
