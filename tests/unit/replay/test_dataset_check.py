"""A dataset is what the log says: every field of every row, and every row there is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.dataset.check import check
from replay.dataset.files import (
    CHAT,
    FORMATS,
    PARQUET,
    PREFERENCE,
    Manifest,
    hash_of,
    read_manifest,
    rows_in,
    write,
)
from replay.dataset.rows import Row, Split, chat_row, pair_rows, run_row
from streams.errors import Conflict, Misconfigured
from tests.unit.replay.test_dataset_split import example

RUNS = [
    example(at, f"{at // 2}?", f"answer\u2028{at}", reward=float(at % 2), label="talk")
    for at in range(8)
]
ROWS = {
    CHAT: [chat_row(run) for run in RUNS],
    PREFERENCE: [*pair_rows(RUNS)],
    PARQUET: [run_row(run) for run in RUNS],
}
MADE = {kind: Split(rows[:3], rows[3:]) for kind, rows in ROWS.items()}


def written(folder: Path, kind: str) -> Manifest:
    return write(folder, kind, MADE[kind], {}, {}, [])


def altered(folder: Path, kind: str, alter: Callable[[list[Any]], object], name: str) -> Manifest:
    """Alter a file's rows, and what the manifest says of it with them."""
    manifest = read_manifest(folder)
    path = folder / name
    rows = rows_in(PARQUET if kind == PARQUET else PREFERENCE, path.read_bytes())
    alter(rows)
    other = write(
        folder / "other", PARQUET if kind == PARQUET else PREFERENCE,
        Split([Row(0, 0, (), row) for row in rows], []), {}, {}, [],
    ).files[0]  # fmt: skip
    path.write_bytes((folder / "other" / other.name).read_bytes())
    files = [other._replace(name=name) if f.name == name else f for f in manifest.files]
    return manifest._replace(files=files)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_dataset_is_borne_out_by_the_log_it_was_made_from(kind: str, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    made = [written(folder, kind) for folder in folders]
    assert made[0] == made[1] == read_manifest(folders[0])
    assert list(check(folders[0], made[0], MADE[kind])) == []
    with pytest.raises(Conflict, match="not empty"):
        written(folders[0], kind)


def swap(row: Any) -> None:
    row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    told = row["metadata"]
    told["chosen"], told["rejected"] = told["rejected"], told["chosen"]


ALTERATIONS: list[tuple[str, str, Callable[[Any], object], str]] = [
    (CHAT, "train.jsonl", lambda row: row["messages"][0].update(content="red?"), "messages"),
    (CHAT, "train.jsonl", lambda row: row["messages"][-1].update(content="red!"), "messages"),
    (CHAT, "train.jsonl", lambda row: row.update(tools=[]), "tools"),
    (PREFERENCE, "train.jsonl", swap, "chosen, metadata, rejected"),
    (PARQUET, "train.parquet", lambda row: row.update(reward=0.9), "reward"),
    (PARQUET, "train.parquet", lambda row: row.update(model="x", label="y"), "label, model"),
    (PARQUET, "train.parquet", lambda row: row["event_ids"].pop(), "event_ids"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "alter", "fields"), ALTERATIONS)
def test_an_altered_row_is_named_whatever_the_manifest_says(
    kind: str, name: str, alter: Callable[[Any], object], fields: str, tmp_path: Path
) -> None:
    written(tmp_path, kind)
    manifest = altered(tmp_path, kind, lambda rows: alter(rows[2]), name)
    found = list(check(tmp_path, manifest, MADE[kind]))
    assert found == [(name, 3, f"is told otherwise in the log: {fields}")]


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_left_out_added_and_moved_are_named(kind: str, tmp_path: Path) -> None:
    written(tmp_path, kind)
    name = read_manifest(tmp_path).files[0].name

    def told(folder: str, alter: Callable[[list[Any]], object]) -> list[Any]:
        written(tmp_path / folder, kind)
        manifest = altered(tmp_path / folder, kind, alter, name)
        return list(check(tmp_path / folder, manifest, MADE[kind]))

    assert told("less", lambda rows: rows.pop(1)) == [
        (name, None, "lacks what the log has as row 2")
    ]
    assert told("more", lambda rows: rows.append(rows[0])) == [
        (name, 4, "is not what the log says, or not among what was asked for")
    ]
    assert told("moved", lambda rows: rows.reverse()) == [
        (name, None, "has its rows in another order")
    ]


def test_what_files_and_manifest_say_of_each_other_is_checked(tmp_path: Path) -> None:
    manifest = written(tmp_path, PREFERENCE)
    (tmp_path / "test.jsonl").unlink()
    path = tmp_path / "train.jsonl"
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[1:]))
    assert list(check(tmp_path, manifest, MADE[PREFERENCE])) == [
        ("train.jsonl", None, "was altered: its hash is not the manifest's"),
        ("train.jsonl", None, "has 2 rows, not 3"),
        ("train.jsonl", None, "lacks what the log has as row 1"),
        ("test.jsonl", None, "is missing"),
    ]
    path.write_text("no JSON")
    less = manifest._replace(files=[manifest.files[0]._replace(sha256=hash_of(b"no JSON"))])
    other, unread = check(tmp_path, less, MADE[PREFERENCE])
    assert other == ("manifest.json", None, "names no test.jsonl, which the log makes")
    assert unread.what.startswith("cannot be read: ")


def test_a_folder_without_a_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is not there"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(Misconfigured, match="no manifest of an export"):
        read_manifest(tmp_path)


def test_a_dataset_of_another_version_is_not_judged(tmp_path: Path) -> None:
    written(tmp_path, CHAT)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"version": 2', '"version": 1'))
    with pytest.raises(Misconfigured, match="version 1"):
        read_manifest(tmp_path)
