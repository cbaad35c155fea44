"""Sealed segments as files that another program can read in place, each proven when first met.

A store of files has them already; of any other, copies are kept. What was proven, and has the same
file still, is not read again: deleting all that is kept here costs time.
"""

import json
import os
from contextlib import suppress
from pathlib import Path

from streams.io.objects import ObjectStore, name_in
from streams.io.objects.directory import DirectoryStore

#: Where it is kept, below the data directory.
FOLDER = "archive/read"
Fingerprint = list[int]


class SealedFiles:
    """The files of segments; `close` keeps what was learned of them."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._root = store.root if isinstance(store, DirectoryStore) else folder
        self._known: dict[str, Fingerprint] = {}
        with suppress(OSError, ValueError):
            self._known = dict(json.loads(self._memo.read_text()))
        self._met: dict[str, Fingerprint] = {}

    def path(self, address: str) -> Path:
        """Return the file of a segment.

        Raises StoreAway, NotStored, and Undecodable if it is not what its address says.
        """
        path = self._root / name_in(address)
        found = _fingerprint(path)
        if found is None or self._known.get(address) != found:
            content = self._store.get(address)
            if not isinstance(self._store, DirectoryStore):
                _written(path, content)
            found = _fingerprint(path)
        if found is not None:
            self._met[address] = found
        return path

    def close(self) -> None:
        """Keep what is known of every file that was met."""
        if any(self._known.get(address) != found for address, found in self._met.items()):
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = self._memo.with_suffix(f".{os.getpid()}")
            unfinished.write_text(json.dumps({**self._known, **self._met}))
            unfinished.replace(self._memo)

    @property
    def _memo(self) -> Path:
        return self._folder / "proven.json"


def _fingerprint(path: Path) -> Fingerprint | None:
    with suppress(FileNotFoundError):
        told = path.stat()
        return [told.st_size, told.st_mtime_ns, told.st_ino]
    return None


def _written(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")  # two may ask at once
    unfinished.write_bytes(content)
    unfinished.replace(path)
