"""A lock names every file with the hash and the size it must have."""

from pathlib import Path

import pytest

from engines.artifact import Artifact, read_lock
from engines.places import LOCKS
from streams.errors import Misconfigured

HASH = "ab" * 32


def lock(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lock.toml"
    path.write_text(text)
    return path


def row(coordinate: str, sha256: str = HASH, size: object = 7) -> str:
    return f'[[artifact]]\ncoordinate = "{coordinate}"\nsha256 = "{sha256}"\nbytes = {size}\n'


@pytest.mark.parametrize(
    ("coordinate", "filename"),
    [
        ("g:kafka:4.4.0", "kafka-4.4.0.jar"),
        ("g:app:3.3.3:tar.gz", "app-3.3.3.tar.gz"),
        ("g:app:3.3.3:tar.gz:all", "app-3.3.3-all.tar.gz"),
    ],
)
def test_a_coordinate_names_a_file(tmp_path: Path, coordinate: str, filename: str) -> None:
    (artifact,) = read_lock(lock(tmp_path, row(coordinate)))
    assert artifact.filename == filename
    assert (artifact.sha256, artifact.bytes) == (HASH, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        row("only:two"),
        row("g:a:1", sha256="short"),
        row("g:a:1", size='"many"'),
        '[[artifact]]\ncoordinate = "g:a:1"\n',
    ],
)
def test_a_broken_lock_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured, match=r"lock\.toml"):
        read_lock(lock(tmp_path, text))


def test_a_missing_lock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"absent\.toml"):
        read_lock(tmp_path / "absent.toml")


@pytest.mark.parametrize("name", ["kafka", "apicurio"])
def test_our_own_locks_are_whole_and_name_no_address(name: str) -> None:
    path = LOCKS / f"{name}.toml"
    artifacts: tuple[Artifact, ...] = read_lock(path)
    assert artifacts
    assert len({artifact.filename for artifact in artifacts}) == len(artifacts)
    assert all(artifact.bytes > 0 for artifact in artifacts)
    assert "://" not in path.read_text()
