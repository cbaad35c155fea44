"""Segments as files: proven once, read in place where they are files, kept where they are not."""

import os
from pathlib import Path

import pytest

from replay.sealed import SealedFiles
from streams.errors import Undecodable
from streams.io.objects.directory import DirectoryStore

CONTENT = b"a segment"


class Counted(DirectoryStore):
    """A store that counts what is asked of it."""

    asked = 0

    def get(self, address: str) -> bytes:
        self.asked += 1
        return super().get(address)


class Elsewhere:
    """A store that is no directory to its readers."""

    def __init__(self, root: Path) -> None:
        self.within = Counted(root)
        self.put, self.get = self.within.put, self.within.get


def test_a_file_is_proven_once_and_read_where_it_lies(tmp_path: Path) -> None:
    store = Counted(tmp_path / "objects")
    address = store.put(CONTENT)
    for _ in range(2):
        files = SealedFiles(store, tmp_path / "read")
        path = files.path(address)
        files.close()
        assert path.is_relative_to(store.root)
        assert path.read_bytes() == CONTENT
    assert store.asked == 1
    assert [each.name for each in (tmp_path / "read").iterdir()] == ["proven.json"]


def test_a_file_that_is_another_since_it_was_proven_is_proven_again(tmp_path: Path) -> None:
    store = Counted(tmp_path / "objects")
    address = store.put(CONTENT)
    files = SealedFiles(store, tmp_path / "read")
    path = files.path(address)
    files.close()
    before = path.stat()
    path.write_bytes(b"A segment")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(Undecodable, match="was altered"):
        SealedFiles(store, tmp_path / "read").path(address)


def test_a_copy_of_what_is_no_file_is_kept_and_an_altered_one_replaced(tmp_path: Path) -> None:
    store = Elsewhere(tmp_path / "objects")
    address = store.put(CONTENT)
    for asked in (1, 1):
        files = SealedFiles(store, tmp_path / "read")
        assert files.path(address).read_bytes() == CONTENT
        files.close()
        assert store.within.asked == asked
    files.path(address).write_bytes(b"half of a segm")
    assert SealedFiles(store, tmp_path / "read").path(address).read_bytes() == CONTENT


def test_a_memory_that_cannot_be_read_costs_time_only(tmp_path: Path) -> None:
    store = Counted(tmp_path / "objects")
    address = store.put(CONTENT)
    (tmp_path / "read").mkdir()
    (tmp_path / "read" / "proven.json").write_text("{")
    assert SealedFiles(store, tmp_path / "read").path(address).read_bytes() == CONTENT
