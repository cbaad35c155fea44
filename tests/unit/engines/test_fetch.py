"""What `fetch` leaves in its directory is what the lock names, whatever the downloader does."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.artifact import Artifact
from engines.fetch import fetch, is_complete
from engines.progress import Step, silent
from streams.errors import ChecksumMismatch, EngineFailed


def artifact(name: str, content: bytes) -> Artifact:
    return Artifact(
        group="g",
        name=name,
        version="1",
        packaging="jar",
        classifier="",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
    )


CONTENTS = {name: name.encode() * 1000 for name in ("ant", "bee", "cat", "dog")}
ARTIFACTS = [artifact(name, content) for name, content in CONTENTS.items()]


class Repository:
    """A downloader over a dict; `served` says what it gives instead of the right content."""

    def __init__(self, **served: bytes) -> None:
        self.contents = {**CONTENTS, **served}
        self.asked: list[str] = []
        self.failures: dict[str, int] = {}

    def __call__(self, artifact: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
        assert not list(directory.iterdir()), "every download has an empty directory of its own"
        self.asked.append(artifact.name)
        file = directory / "deep" / artifact.filename
        file.parent.mkdir()
        content = self.contents[artifact.name]
        file.write_bytes(content[:500])
        arrived(500)
        if self.failures.get(artifact.name, 0):
            self.failures[artifact.name] -= 1
            raise EngineFailed(f"the connection broke on {artifact.name}")
        file.write_bytes(content)
        arrived(len(content) - 500)
        return file


def run(directory: Path, repository: Repository) -> None:
    fetch(ARTIFACTS, directory, repository, silent, "test")


def listing(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_everything_arrives_and_nothing_else_is_left(tmp_path: Path) -> None:
    run(tmp_path / "jars", Repository())
    assert listing(tmp_path / "jars") == sorted(one.filename for one in ARTIFACTS)
    for one in ARTIFACTS:
        assert (tmp_path / "jars" / one.filename).read_bytes() == CONTENTS[one.name]


def test_what_stands_there_is_not_fetched_again(tmp_path: Path) -> None:
    run(tmp_path, Repository())
    again = Repository()
    run(tmp_path, again)
    assert again.asked == []


def test_a_lost_or_cut_file_is_fetched_again(tmp_path: Path) -> None:
    run(tmp_path, Repository())
    (tmp_path / "ant-1.jar").unlink()
    (tmp_path / "bee-1.jar").write_bytes(b"half")
    assert not is_complete(ARTIFACTS, tmp_path)
    again = Repository()
    run(tmp_path, again)
    assert sorted(again.asked) == ["ant", "bee"]
    assert is_complete(ARTIFACTS, tmp_path)


def test_other_bytes_are_refused_by_name_expectation_and_finding(tmp_path: Path) -> None:
    evil = b"X" * len(CONTENTS["cat"])
    with pytest.raises(ChecksumMismatch) as refused:
        run(tmp_path, Repository(cat=evil))
    for part in ("cat-1.jar", ARTIFACTS[2].sha256, hashlib.sha256(evil).hexdigest()):
        assert part in str(refused.value)
    assert "cut short" not in str(refused.value)
    assert "cat-1.jar" not in listing(tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_a_cut_download_is_refused_and_said_to_be_cut(tmp_path: Path) -> None:
    with pytest.raises(ChecksumMismatch, match="cut short"):
        run(tmp_path, Repository(dog=CONTENTS["dog"][:-1]))
    assert "dog-1.jar" not in listing(tmp_path)


def test_a_broken_connection_is_tried_again_from_the_start(tmp_path: Path) -> None:
    repository = Repository()
    repository.failures["bee"] = 2
    run(tmp_path, repository)
    assert repository.asked.count("bee") == 3
    assert is_complete(ARTIFACTS, tmp_path)


def test_a_download_that_stays_broken_fails_and_keeps_the_finished_files(tmp_path: Path) -> None:
    run(tmp_path, Repository())
    (tmp_path / "bee-1.jar").unlink()
    repository = Repository()
    repository.failures["bee"] = 99
    with pytest.raises(EngineFailed, match="the connection broke on bee"):
        run(tmp_path, repository)
    assert listing(tmp_path) == ["ant-1.jar", "cat-1.jar", "dog-1.jar"]


def test_what_a_killed_fetch_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".unfinished-abc" / "deep"
    left.mkdir(parents=True)
    (left / "ant-1.jar").write_bytes(b"half")
    run(tmp_path, Repository())
    assert listing(tmp_path) == sorted(one.filename for one in ARTIFACTS)


def test_downloads_run_at_the_same_time(tmp_path: Path) -> None:
    everybody = threading.Barrier(len(ARTIFACTS), timeout=20)
    repository = Repository()

    def together(one: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
        everybody.wait()  # passes only once all four are here
        return repository(one, directory, arrived)

    fetch(ARTIFACTS, tmp_path, together, silent, "test")
    assert is_complete(ARTIFACTS, tmp_path)


def test_a_failure_ends_the_other_downloads_at_their_next_piece(tmp_path: Path) -> None:
    ended: list[str] = []
    repository, everybody = Repository(ant=b"X"), threading.Barrier(len(ARTIFACTS), timeout=20)

    def endless(one: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
        everybody.wait()  # whoever has not begun is not to end
        if one.name == "ant":
            return repository(one, directory, arrived)
        try:
            while True:
                arrived(0)
        finally:
            ended.append(one.name)

    with pytest.raises(ChecksumMismatch, match="ant"):
        fetch(ARTIFACTS, tmp_path, endless, silent, "test")
    assert sorted(ended) == ["bee", "cat", "dog"]
    assert listing(tmp_path) == []


def test_progress_counts_bytes_of_all_files_up_to_the_whole(tmp_path: Path) -> None:
    steps: list[Step] = []
    fetch(ARTIFACTS, tmp_path, Repository(), steps.append, "jars")
    total = sum(one.bytes for one in ARTIFACTS)
    assert {step.total for step in steps} == {total}
    assert steps[-1].done == total
    assert [step.finished for step in steps].count(True) == 1


def test_a_second_attempt_counts_from_the_start(tmp_path: Path) -> None:
    run(tmp_path, Repository())
    (tmp_path / "dog-1.jar").unlink()
    steps: list[Step] = []
    repository = Repository()
    repository.failures["dog"] = 1
    fetch(ARTIFACTS, tmp_path, repository, steps.append, "jars")
    there = sum(one.bytes for one in ARTIFACTS[:3])
    assert [step.done - there for step in steps] == [500, 500, 3000]
