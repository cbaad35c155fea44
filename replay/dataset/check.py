"""A dataset held against its manifest and the log: every row is made again from its run.

What was altered is named by file and row.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from replay.dataset.examples import Example
from replay.dataset.files import CHAT, PARQUET, PREFERENCE, Manifest, hash_of, rows_in
from replay.dataset.rows import metadata_of
from streams.errors import Misconfigured
from streams.ids import RunId
from streams.io.chat_json import message_shown
from streams.plain import Plain


class Discrepancy(NamedTuple):
    """What of a dataset is not as its manifest or the log says; `row` counts from 1."""

    file: str
    row: int | None
    what: str


#: Returns what the log says of a run or fork today; None if it says nothing.
Look = Callable[[RunId], Example | None]


def check(folder: Path, manifest: Manifest, look: Look) -> Iterator[Discrepancy]:
    """Yield what differs from the manifest, and rows that the log does not bear out."""
    for file in manifest.files:
        try:
            content = (folder / file.name).read_bytes()
        except FileNotFoundError:
            yield Discrepancy(file.name, None, "is missing")
            continue
        if hash_of(content) != file.sha256:
            yield Discrepancy(file.name, None, "was altered: its hash is not the manifest's")
        try:
            rows = rows_in(manifest.format, content)
        except (ValueError, Misconfigured) as exc:
            yield Discrepancy(file.name, None, f"cannot be read: {exc}")
            continue
        if len(rows) != file.rows:
            yield Discrepancy(file.name, None, f"has {len(rows)} rows, not {file.rows}")
        for number, plain in enumerate(rows, 1):
            for what in _unproven(manifest.format, plain, look):
                yield Discrepancy(file.name, number, what)


def _unproven(kind: str, plain: Plain, look: Look) -> Iterator[str]:
    try:
        yield from _SHAPES[kind](plain, look)
    except (KeyError, TypeError, IndexError) as exc:
        yield f"is no row of ours: {exc!r}"


def _chat_unproven(plain: Plain, look: Look) -> Iterator[str]:
    *prompt, answer = plain["messages"]
    yield from _differs(plain["metadata"], prompt, answer["content"], look)


def _pair_unproven(plain: Plain, look: Look) -> Iterator[str]:
    for side in ("chosen", "rejected"):
        answer = plain[side][0]["content"]
        yield from _differs(plain["metadata"][side], plain["prompt"], answer, look)


def _run_unproven(plain: Plain, look: Look) -> Iterator[str]:
    said = {name: plain[name] for name in ("run_id", "event_ids")}
    yield from _differs(said, json.loads(plain["messages"]), plain["answer"], look)


_SHAPES = {CHAT: _chat_unproven, PREFERENCE: _pair_unproven, PARQUET: _run_unproven}


def _differs(said: Plain, prompt: Plain, answer: str, look: Look) -> Iterator[str]:
    example = look(RunId(said["run_id"]))
    if example is None:
        yield f"run {said['run_id']} is not in the log"
        return
    known = metadata_of(example)
    if {name: known[name] for name in said} != said:
        yield f"run {said['run_id']} is told of otherwise in the log"
    if prompt != list(map(message_shown, example.messages)):
        yield f"run {said['run_id']} was asked otherwise"
    if answer != example.answer:
        yield f"run {said['run_id']} was answered otherwise"
