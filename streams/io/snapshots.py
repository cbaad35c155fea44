"""Snapshots of what a reader of a partition has built up: they save time and nothing else.

A file's name holds the hash of its content, its folder the owner's version and the topic's
identity. Whatever does not fit exactly is not there, and the log is folded instead. What is long,
such as learned weights, lies beside them once, under its own hash.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from streams.plain import Plain, text_of

KEEP = 3
#: Text from this length on is kept apart; it seldom changes from one snapshot to the next.
APART_MIN = 65_536
APART = "$apart"
#: What lies apart is written some time before its snapshot.
SLACK_NS = 60_000_000_000


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
        apart = _Apart(folder)
        content = "\n".join(apart.text(item) for item in items).encode()
        digest = hashlib.sha256(content).hexdigest()
        _write(folder / f"{position:020d}-{digest}.jsonl", content)
        kept = sorted(folder.glob("*.jsonl"))
        for old in kept[:-KEEP]:
            old.unlink(missing_ok=True)
        apart.forget_before(min(path.stat().st_mtime_ns for path in kept[-KEEP:]))

    def load(self, place: Place, first: int, last: int) -> Snapshot | None:
        """Return the furthest sound snapshot from position `first` to `last`, both included."""
        for path in sorted(self._folder(place).glob("*.jsonl"), reverse=True):
            position, _, digest = path.stem.partition("-")
            if not first <= int(position) <= last:
                continue
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:  # torn by a crash, or altered
                continue
            lines, apart = content.decode().split("\n") if content else [], _Apart(path.parent)
            try:
                items = [apart.item(line) for line in lines]
            except (FileNotFoundError, ValueError):  # what lay apart is lost, or altered
                continue
            return Snapshot(int(position), items)
        return None

    def _folder(self, place: Place) -> Path:
        return self.root / place.owner / f"{place.topic}.{place.identity}" / str(place.partition)


class _Apart:
    """The long texts of a folder's snapshots, each a file named by its hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def text(self, item: Plain) -> str:
        """Return an item as canonical JSON, without its long texts; few have any."""
        text = text_of(item)
        return text if len(text) < APART_MIN else text_of(_walked(item, self.put))

    def item(self, text: str) -> Plain:
        """Return the item of a text, with its long texts. Raises ValueError if one was altered."""
        item = json.loads(text)
        return _walked(item, self.get) if APART in text else item

    def put(self, plain: Plain) -> Plain:
        """Return what stands for a long text; anything else as it is."""
        if not isinstance(plain, str) or len(plain) < APART_MIN:
            return plain
        content = plain.encode()
        digest = hashlib.sha256(content).hexdigest()
        path = self._folder / f"{digest}.text"
        if path.exists():
            path.touch()  # it is needed by a younger snapshot, too
        else:
            _write(path, content)
        return {APART: digest}

    def get(self, plain: Plain) -> Plain:
        """Return the long text that something stands for. Raises ValueError if it was altered."""
        if not isinstance(plain, dict) or plain.keys() != {APART}:
            return plain
        content = (self._folder / f"{plain[APART]}.text").read_bytes()
        if hashlib.sha256(content).hexdigest() != plain[APART]:
            raise ValueError(f"{plain[APART]} is not what it was")
        return content.decode()

    def forget_before(self, at_ns: int) -> None:
        """Delete what no snapshot since then needs: it was written or touched before."""
        for path in self._folder.glob("*.text"):
            if path.stat().st_mtime_ns < at_ns - SLACK_NS:
                path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file; it appears whole or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _walked(plain: Plain, change: Callable[[Plain], Plain]) -> Plain:
    """Return plain data with every part changed that `change` changes."""
    changed = change(plain)
    if changed is not plain:
        return changed
    if isinstance(plain, dict):
        return {key: _walked(value, change) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_walked(value, change) for value in plain]
    return plain
