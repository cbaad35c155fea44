"""A directory of the cache is whole or not there, whoever was interrupted."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.archives import application, jars
from engines.artifact import Artifact
from engines.progress import silent
from streams.errors import EngineFailed


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as content:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            content.addfile(entry, io.BytesIO(name.encode()))
    return buffer.getvalue()


class Server:
    """Serves one content under every coordinate, and counts."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.served = 0

    def __call__(self, artifact: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
        self.served += 1
        file = directory / artifact.filename
        file.write_bytes(self.content)
        arrived(len(self.content))
        return file

    def lock(self, tmp_path: Path) -> Path:
        path = tmp_path / "app.toml"
        path.write_text(
            f'[[artifact]]\ncoordinate = "g:app:1:tar.gz"\nbytes = {len(self.content)}\n'
            f'sha256 = "{hashlib.sha256(self.content).hexdigest()}"\n'
        )
        return path


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_an_archive_is_unpacked_once_and_not_kept(tmp_path: Path) -> None:
    server = Server(archive("lib/a.jar", "run.jar"))
    cache = tmp_path / "cache"
    home = application(server.lock(tmp_path), cache, server, silent)
    assert (home / "lib" / "a.jar").read_text() == "lib/a.jar"
    assert names(cache) == [home.name, f"{home.name}.lock"]
    assert application(server.lock(tmp_path), cache, server, silent) == home
    assert server.served == 1


def test_an_interrupted_unpacking_is_done_again(tmp_path: Path) -> None:
    server = Server(archive("run.jar"))
    cache = tmp_path / "cache"
    home = application(server.lock(tmp_path), cache, server, silent)
    (home / "run.jar").unlink()
    home.rename(cache / f"{home.name}.unfinished-abc")  # as a killed process leaves it
    again = application(server.lock(tmp_path), cache, server, silent)
    assert names(again) == ["run.jar"]
    assert names(cache) == [home.name, f"{home.name}.lock"]


def test_what_is_no_archive_is_refused_and_leaves_no_directory(tmp_path: Path) -> None:
    server = Server(b"this is no archive")
    cache = tmp_path / "cache"
    with pytest.raises(EngineFailed, match=r"app-1\.tar\.gz"):
        application(server.lock(tmp_path), cache, server, silent)
    assert not [name for name in names(cache) if not name.endswith((".lock", ".download"))]


def test_another_content_has_another_directory(tmp_path: Path) -> None:
    one, two = Server(b"one"), Server(b"two")
    cache = tmp_path / "cache"
    first = jars(one.lock(tmp_path), cache, one, silent)
    second = jars(two.lock(tmp_path), cache, two, silent)
    assert first != second
    assert names(first) == names(second) == ["app-1.tar.gz"]


def test_files_that_stand_are_not_fetched_again(tmp_path: Path) -> None:
    server = Server(b"one")
    cache = tmp_path / "cache"
    jars(server.lock(tmp_path), cache, server, silent)
    jars(server.lock(tmp_path), cache, server, silent)
    assert server.served == 1
