"""Snapshots of what a reader of a partition has built up: they save time and nothing else.

A file's name holds the hash of its content, its folder the owner's version and the topic's
identity. Whatever does not fit exactly is not there, and the log is folded instead.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from streams.plain import Plain, text_of

KEEP = 3


class Place(NamedTuple):
    """Whose snapshot it is and of what; `owner` carries the version that can read it."""

    owner: str
    topic: str
    identity: str
    partition: int


class Snapshot(NamedTuple):
    """What was known when every record below `position` had been considered."""

    position: int
    items: list[Plain]


class SnapshotFolder:
    """Snapshots as files below one folder, which one process at a time writes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, place: Place, position: int, items: Iterable[Plain]) -> None:
        """Write a snapshot; it appears whole or not at all, and the oldest ones leave."""
        folder = self._folder(place)
        folder.mkdir(parents=True, exist_ok=True)
        content = "\n".join(map(text_of, items)).encode()
        with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
            file.write(content)
        digest = hashlib.sha256(content).hexdigest()
        Path(file.name).replace(folder / f"{position:020d}-{digest}.jsonl")
        for old in sorted(folder.glob("*.jsonl"))[:-KEEP]:
            old.unlink(missing_ok=True)

    def load(self, place: Place, first: int, last: int) -> Snapshot | None:
        """Return the furthest sound snapshot from position `first` to `last`, both included."""
        for path in sorted(self._folder(place).glob("*.jsonl"), reverse=True):
            position, _, digest = path.stem.partition("-")
            if not first <= int(position) <= last:
                continue
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == digest:  # else torn by a crash, or altered
                lines = content.decode().split("\n") if content else []
                return Snapshot(int(position), [json.loads(line) for line in lines])
        return None

    def _folder(self, place: Place) -> Path:
        return self.root / place.owner / f"{place.topic}.{place.identity}" / str(place.partition)
