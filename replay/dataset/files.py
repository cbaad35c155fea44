"""A dataset as files: the same log and filters give the same bytes, and a manifest says which.

The manifest names the stretch of the log that was looked at, so that a dataset can be checked
against the log for as long as log or archive has it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from replay.dataset.rows import Split
from replay.dataset.stretches import Stretch
from streams.errors import Conflict, Misconfigured
from streams.plain import Plain, text_of

MANIFEST = "manifest.json"
VERSION = 2
CHAT, PREFERENCE, PARQUET = FORMATS = ("chat", "preference", "parquet")


class File(NamedTuple):
    """A file of a dataset."""

    name: str
    sha256: str
    bytes: int
    rows: int


class Manifest(NamedTuple):
    """What a dataset is, and what it was made from."""

    version: int
    format: str
    filters: Plain
    counts: Mapping[str, int]
    log: Sequence[Stretch]
    files: Sequence[File]


def write(
    folder: Path, kind: str, made: Split, filters: Plain, counts: Mapping[str, int],
    log: Sequence[Stretch],
) -> Manifest:  # fmt: skip
    """Write a dataset into a new or empty folder, its manifest last. Raises Conflict."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Conflict(f"{folder} is not empty", fix="export into a new folder")
    files = []
    for name, rows in contents(kind, made).items():
        content = _parquet(rows) if kind == PARQUET else _lines(rows)
        (folder / name).write_bytes(content)
        files.append(File(name, hash_of(content), len(content), len(rows)))
    manifest = Manifest(VERSION, kind, filters, counts, log, files)
    plain = {
        **manifest._asdict(),
        "log": [stretch._asdict() for stretch in log],
        "files": [file._asdict() for file in files],
    }
    (folder / MANIFEST).write_text(json.dumps(plain, indent=2, sort_keys=True) + "\n")
    return manifest


def contents(kind: str, made: Split) -> Mapping[str, Sequence[Plain]]:
    """Return the rows of each file; where those of a chat come from stands in a file beside it.

    OpenAI's fine-tuning refuses a row with anything else in it.
    """
    found: dict[str, list[Plain]] = {}
    for side, rows in zip(("train", "test"), made, strict=True):
        plain = [row.plain for row in rows]
        if plain and kind == CHAT:
            taught = [{n: row[n] for n in row if n != "metadata"} for row in plain]
            found |= {f"{side}.jsonl": taught}
            found |= {f"{side}.origins.jsonl": [row["metadata"] for row in plain]}
        elif plain:
            found[f"{side}.{'parquet' if kind == PARQUET else 'jsonl'}"] = plain
    return found


def read_manifest(folder: Path) -> Manifest:
    """Return a dataset's manifest. Raises Misconfigured if there is none of ours."""
    path = folder / MANIFEST
    try:
        plain = json.loads(path.read_text())
        plain["log"] = [Stretch(**stretch) for stretch in plain["log"]]
        plain["files"] = [File(**file) for file in plain["files"]]
        manifest = Manifest(**plain)
    except FileNotFoundError as exc:
        raise Misconfigured(f"{path} is not there", fix="name the folder of an export") from exc
    except (ValueError, TypeError, KeyError) as exc:
        raise Misconfigured(f"{path} is no manifest of an export: {exc}") from exc
    if manifest.version != VERSION:
        raise Misconfigured(
            f"{path} is of version {manifest.version}, and this one makes {VERSION}",
            fix="export anew",
        )
    return manifest


def _lines(rows: Sequence[Plain]) -> bytes:
    return "".join(text_of(row) + "\n" for row in rows).encode()


def _parquet(rows: Sequence[Plain]) -> bytes:
    from streams.io.parquet import Table, written  # slow to import

    types = _types()
    columns = {name: [row[name] for row in rows] for name in types}
    return written(types, Table(columns, {}))


def rows_in(kind: str, content: bytes) -> list[Any]:
    """Return the rows of a file. Raises ValueError, Misconfigured if it is none of the kind."""
    if kind != PARQUET:
        return [json.loads(line) for line in content.decode().split("\n") if line]
    from streams.errors import Undecodable
    from streams.io.parquet import read

    try:
        columns = read(content, _types()).columns
    except Undecodable as exc:
        raise Misconfigured(str(exc)) from exc
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _types() -> Mapping[str, Any]:
    """Return the columns of a run."""
    from streams.io.parquet import Type

    texts = ("run_id", "session", "messages", "question", "outcome", "answer", "capability")
    numbers = ("at_ms", "prompt_tokens", "completion_tokens", "milliseconds")
    return {
        **dict.fromkeys((*texts, "model", "label"), Type.TEXT),
        **dict.fromkeys(numbers, Type.INT),
        "reward": Type.REAL,
        "event_ids": Type.TEXTS,
    }


def hash_of(content: bytes) -> str:
    """Return the SHA-256 (hex) of a file."""
    return hashlib.sha256(content).hexdigest()
