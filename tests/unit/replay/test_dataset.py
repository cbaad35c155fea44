"""Training data says what the log says, each thing once, and never tests on what it taught."""

import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from replay.dataset.check import check
from replay.dataset.examples import Example, example_of, pasts
from replay.dataset.files import CHAT, FORMATS, PARQUET, PREFERENCE, read_manifest, write
from replay.dataset.rows import Row, Split, chat_row, pair_rows, run_row, split, unrepeated
from replay.unrepeated import Ends
from replay.where import Condition
from streams.errors import Conflict, Misconfigured
from streams.events import sessions as s
from streams.ids import RunId
from tests.unit.replay.memory_grid import MemoryGrid
from tests.unit.replay.test_fork import past


def conversation(asked: s.InferenceRequested) -> Any:
    return asked.messages


def examples(grid: MemoryGrid, ends: Ends = MappingProxyType({})) -> dict[RunId, Example]:
    found = (example_of(past, conversation) for past in pasts(grid.log, grid.wire, ends))
    return {example.run_id: example for example in found if example is not None}


@pytest.fixture
def grid(tmp_path: Path) -> MemoryGrid:
    return MemoryGrid(tmp_path / "grid")


def test_a_run_is_a_chat_that_names_its_events(grid: MemoryGrid) -> None:
    run_id = grid.ask("green?", session="ada")
    row = chat_row(examples(grid)[run_id])
    own = [e for e in past(grid, run_id).stream if e.run_id == run_id]
    kinds = (s.RequestReceived, s.InferenceRequested, s.ResponseCompleted)
    assert row.ties == ("question green?", "session ada")
    assert row.plain == {
        "messages": [
            {"role": "user", "content": "green?"},
            {"role": "assistant", "content": "gray: green?"},
        ],
        "metadata": {
            "run_id": run_id,
            "session": "ada",
            "at_ms": own[0].recorded_at_ms,
            "capability": "gray-talk",
            "model": "gray",
            "event_ids": [next(e.event_id for e in own if isinstance(e.event, k)) for k in kinds],
        },
    }


def test_what_the_model_was_told_beside_the_conversation_can_be_taken_in(grid: MemoryGrid) -> None:
    grid.ask("green?")
    (told,) = pasts(grid.log, grid.wire, {})

    def whole(asked: s.InferenceRequested) -> Any:
        return [s.Message(role="system", content=asked.passages[0].text), *asked.messages]

    made = example_of(told, whole)
    assert made is not None
    assert [m.content for m in made.messages] == ["what the shelf holds", "green?"]


def test_the_same_content_is_taught_once_and_the_first_time_counts(grid: MemoryGrid) -> None:
    runs = [grid.ask("green?", session=name) for name in ("ada", "bob")]
    grid.ask("blue?", session="bob")
    rows = [chat_row(example) for example in examples(grid).values()]
    kept_rows = unrepeated(reversed(rows))
    assert [row.plain["messages"][0]["content"] for row in kept_rows] == ["green?", "blue?"]
    assert kept_rows[0].plain["metadata"]["run_id"] == runs[0]


def test_a_condition_is_about_the_runs_own_events(grid: MemoryGrid) -> None:
    green, blue = grid.ask("green?"), grid.ask("blue?", session="bob")
    told = {past.run_id: past for past in pasts(grid.log, grid.wire, {})}
    routed = Condition("RequestRouted", "capability", "blue-talk")
    assert [routed.holds(told[run_id]) for run_id in (green, blue)] == [False, True]
    nested = Condition("RequestReceived", "messages.0.content", "green?")
    assert [nested.holds(told[run_id]) for run_id in (green, blue)] == [True, False]
    assert not Condition("RequestReceived", "messages.7.content", "x").holds(told[green])
    assert not Condition("RequestReceived", "text.no.such", None).holds(told[green])
    assert not Condition("RequestReceived", "nothing", None).holds(told[green])
    assert Condition("RequestReceived", "remember_in", None).holds(told[green])


def rows_of(grid: MemoryGrid, kind: str) -> list[Row]:
    known = [e._replace(reward=float(n % 2)) for n, e in enumerate(examples(grid).values())]
    if kind == PREFERENCE:
        return list(pair_rows(known))
    return [(run_row if kind == PARQUET else chat_row)(example) for example in known]


@pytest.fixture
def asked(grid: MemoryGrid) -> MemoryGrid:
    for n in range(4):
        grid.ask(
            ("green?", "grass?")[n // 2], session=f"s{n}", model=("gray-talk", "blue-talk")[n % 2]
        )
    return grid


@pytest.mark.parametrize("kind", FORMATS)
def test_a_dataset_is_borne_out_by_the_log_it_was_made_from(
    asked: MemoryGrid, kind: str, tmp_path: Path
) -> None:
    rows = rows_of(asked, kind)
    assert rows
    folders = [tmp_path / name for name in ("a", "b")]
    made = [write(f, kind, split(rows, 0.5), {}, {}, []) for f in folders]
    assert made[0] == made[1] == read_manifest(folders[0])
    assert sum(file.rows for file in made[0].files) == len(rows)
    assert list(check(folders[0], made[0], examples(asked).get)) == []
    with pytest.raises(Conflict, match="not empty"):
        write(folders[0], kind, Split(rows, []), {}, {}, [])


ALTERATIONS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda row: row["messages"][0].update(content="red?"), "was asked otherwise"),
    (lambda row: row["messages"][-1].update(content="red!"), "was answered otherwise"),
    (lambda row: row["metadata"]["event_ids"].pop(), "is told of otherwise in the log"),
    (lambda row: row["metadata"].update(session="eve"), "is told of otherwise in the log"),
    (lambda row: row["metadata"].update(run_id="nobody"), "run nobody is not in the log"),
    (lambda row: row.pop("metadata"), "is no row of ours: KeyError('metadata')"),
]


@pytest.mark.parametrize(("alter", "said"), ALTERATIONS, ids=[said for _, said in ALTERATIONS])
def test_an_altered_row_is_named(
    asked: MemoryGrid, alter: Callable[[Any], Any], said: str, tmp_path: Path
) -> None:
    manifest = write(tmp_path / "set", CHAT, Split(rows_of(asked, CHAT), []), {}, {}, [])
    path = tmp_path / "set" / "train.jsonl"
    lines = path.read_text().splitlines()
    row = json.loads(lines[2])
    alter(row)
    path.write_text("\n".join([*lines[:2], json.dumps(row), *lines[3:], ""]))
    hashed, *found = check(tmp_path / "set", manifest, examples(asked).get)
    assert hashed[:2] == ("train.jsonl", None)
    assert {(each.file, each.row) for each in found} == {("train.jsonl", 3)}
    assert any(said in each.what for each in found)


def test_a_missing_file_and_a_missing_row_are_named(asked: MemoryGrid, tmp_path: Path) -> None:
    manifest = write(tmp_path / "set", CHAT, split(rows_of(asked, CHAT), 0.5), {}, {}, [])
    (tmp_path / "set" / "test.jsonl").unlink()
    path = tmp_path / "set" / "train.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    found = list(check(tmp_path / "set", manifest, examples(asked).get))
    assert [(each.file, each.what) for each in found] == [
        ("train.jsonl", "was altered: its hash is not the manifest's"),
        ("train.jsonl", "has 1 rows, not 2"),
        ("test.jsonl", "is missing"),
    ]


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is not there"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(Misconfigured, match="no manifest of an export"):
        read_manifest(tmp_path)


def test_a_dataset_of_another_version_is_not_judged(asked: MemoryGrid, tmp_path: Path) -> None:
    write(tmp_path / "set", CHAT, split(rows_of(asked, CHAT), 1), {}, {}, [])
    path = tmp_path / "set" / "manifest.json"
    path.write_text(path.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(Misconfigured, match="version 1"):
        read_manifest(tmp_path / "set")
