"""The record of a whole log in one file: it answers as memory would, and is made once for all."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.models.effect import Inferring
from processors.models.ports import Answer, Emit, Refusal
from replay.outcomes import WholeRecord
from replay.recorded import Outside, Recorded
from streams.envelope import Envelope
from streams.events import sessions as s
from streams.ids import ModelName, RunId
from streams.io.memory_log import MemoryLog
from streams.log import Record
from streams.topics import SESSIONS
from tests.unit.replay.memory_grid import PARTITIONS, MemoryGrid, Parrot, Silent
from tests.unit.replay.test_fork import outside, past, recorded


class Counted(MemoryLog):
    """A log that counts how often a partition is read."""

    reads = 0

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Record]]:
        self.reads += 1
        return super().read(topic, partition, start, end)


class Unheard(Parrot):
    """A model whose first asker went away."""

    def __init__(self) -> None:
        super().__init__("gray")
        self.asked = 0

    async def answer(self, request: s.InferenceRequested, emit: Emit) -> Answer | Refusal:
        self.asked += 1
        if self.asked == 1:
            return Refusal(s.CANCELLED, "its run ended")
        return await super().answer(request, emit)


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path)


def ends(grid: MemoryGrid) -> Mapping[int, int]:
    return {n: grid.log.span(SESSIONS.name, n).end for n in range(PARTITIONS)}


def whole(grid: MemoryGrid, folder: Path, upto: Mapping[int, int], log: Any = None) -> WholeRecord:
    return WholeRecord(
        map(outside, grid.effects), log or grid.log, grid.wire, upto, folder / "outcomes"
    )


def requests(
    grid: MemoryGrid, record: Recorded | WholeRecord, run: RunId
) -> list[tuple[Outside, Envelope[Any]]]:
    return [
        (effect, envelope)
        for envelope in past(grid, run).stream
        for effect in record.effects
        if isinstance(envelope.event, effect.reads)
    ]


def test_it_answers_what_memory_would_also_under_another_runs_name(
    grid: MemoryGrid, tmp_path: Path
) -> None:
    runs = [grid.ask(text, who) for text in ("green?", "blue?") for who in "ab"]
    memory = recorded(grid, *runs)
    with closing(whole(grid, tmp_path, ends(grid))) as file:
        asked = [pair for run in runs for pair in requests(grid, file, run)]
        assert len(asked) == 3 * len(runs)
        for effect, request in asked:
            assert file.find(effect, request) == memory.find(effect, request)
            other = request._replace(run_id=RunId("another"))
            found = file.find(effect, other)
            assert found is not None
            assert found.event == memory.outcome(effect, other).event


def test_what_was_never_asked_has_no_answer(grid: MemoryGrid, tmp_path: Path) -> None:
    run = grid.ask("green?")
    with closing(whole(grid, tmp_path, ends(grid))) as file:
        effect, request = next(
            pair
            for pair in requests(grid, file, run)
            if isinstance(pair[1].event, s.InferenceRequested)
        )
        never = request._replace(event=replace(request.event, text="never asked"))
        assert file.find(effect, request) is not None
        assert file.find(effect, never) is None


def test_the_runs_own_outcome_counts_before_the_first_in_the_log(
    grid: MemoryGrid, tmp_path: Path
) -> None:
    """The shelf holds something else when the same is asked again."""
    first = grid.ask("green?", "ada")
    grid.shelf.text = "grass is green"
    second = grid.ask("green?", "bob")
    with closing(whole(grid, tmp_path, ends(grid))) as file:
        found = []
        for run in (first, second):
            effect, request = next(
                pair
                for pair in requests(grid, file, run)
                if isinstance(pair[1].event, s.TextPerceived)
            )
            outcome = file.find(effect, request)
            assert outcome is not None
            found.append(outcome.event.passages[0].text)
        assert found == ["what the shelf holds", "grass is green"]


def test_that_nobody_waited_for_a_model_is_no_other_runs_answer(
    grid: MemoryGrid, tmp_path: Path
) -> None:
    models = {ModelName("gray"): Unheard(), ModelName("blue"): Parrot("blue")}
    grid.effects = (*grid.effects[:2], Inferring(models, Silent()))
    first, second = grid.ask("green?", "ada"), grid.ask("green?", "bob")
    memory = recorded(grid, first, second)
    with closing(whole(grid, tmp_path, ends(grid))) as file:
        asked = [
            next(pair for pair in requests(grid, memory, run) if pair[0].name == Inferring.name)
            for run in (first, second)
        ]
        (effect, request), (_, later) = asked
        assert effect.asked(request.event) == effect.asked(later.event)
        assert memory.outcome(effect, request).event.reason == s.CANCELLED
        other = request._replace(run_id=RunId("another"))
        for record in (memory, file):
            found = [record.find(effect, each) for each in (later, other)]
            assert [each.event.text for each in found if each] == ["gray: green?"] * 2


def test_it_is_read_from_the_log_once_for_all_who_ask(grid: MemoryGrid, tmp_path: Path) -> None:
    run = grid.ask("green?")
    log, upto = Counted(grid.broker), ends(grid)
    records = [whole(grid, tmp_path, upto, log) for _ in range(8)]
    effect, request = requests(grid, records[0], run)[0]
    assert log.reads == 0

    def find(record: WholeRecord) -> bool:
        with closing(record):
            return record.find(effect, request) is not None

    with ThreadPoolExecutor(len(records)) as together:
        assert all(together.map(find, records))
    assert log.reads == PARTITIONS


def test_one_that_goes_further_takes_the_place_of_the_last(
    grid: MemoryGrid, tmp_path: Path
) -> None:
    names = set[str]()
    for text in ("green?", "blue?"):
        run = grid.ask(text)
        with closing(whole(grid, tmp_path, ends(grid))) as file:
            effect, request = requests(grid, file, run)[0]
            assert file.find(effect, request) is not None
        (kept,) = (tmp_path / "outcomes").glob("*.sqlite")
        names.add(kept.name)
    assert len(names) == 2
