"""An environment is complete or it does not count; its packages are those of the lock."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engines.environment import Environment
from engines.places import REPOSITORY
from engines.progress import Step, silent
from streams.errors import ChecksumMismatch, EngineFailed
from tests.unit.engines.wheels import make_wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index that pip is told of as a person would: by its own variables."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def lock(tmp_path: Path, *entries: str, name: str = "tools") -> Path:
    path = tmp_path / f"{name}.txt"
    path.write_text("".join(entries))
    return path


def version(environment: Environment, package: str) -> str:
    code = f"import {package}; print({package}.VERSION)"
    return subprocess.check_output([environment.python, "-c", code], text=True).strip()


def test_it_holds_what_every_lock_names(tmp_path: Path, index: Path) -> None:
    ant = lock(tmp_path, make_wheel(index, "ant", "1.1"), name="one")
    bee = lock(tmp_path, make_wheel(index, "bee", "2.2"), name="two")
    assert not Environment("test", [ant, bee], tmp_path / "cache").is_complete
    environment = Environment("test", [ant, bee], tmp_path / "cache")
    assert environment.ready(silent) == environment.python
    assert environment.is_complete
    assert (version(environment, "ant"), version(environment, "bee")) == ("1.1", "2.2")
    assert (environment.packages / "ant.py").exists()


def test_a_complete_one_is_not_touched_again(tmp_path: Path, index: Path) -> None:
    locks = [lock(tmp_path, make_wheel(index, "ant"))]
    Environment("test", locks, tmp_path / "cache").ready(silent)
    steps: list[Step] = []
    Environment("test", locks, tmp_path / "cache").ready(steps.append)
    assert steps == []


def test_another_lock_is_another_environment(tmp_path: Path, index: Path) -> None:
    path = lock(tmp_path, make_wheel(index, "ant", "1.0"))
    old = Environment("test", [path], tmp_path / "cache")
    path.write_text(make_wheel(index, "ant", "2.0"))
    new = Environment("test", [path], tmp_path / "cache")
    assert old.directory != new.directory


def test_an_interrupted_one_is_made_again(tmp_path: Path, index: Path) -> None:
    locks = [lock(tmp_path, make_wheel(index, "ant"))]
    environment = Environment("test", locks, tmp_path / "cache")
    environment.ready(silent)
    (environment.directory / ".complete").unlink()
    (environment.packages / "ant.py").write_text("half of a file")
    environment.ready(silent)
    assert version(environment, "ant") == "1.0"


def test_other_bytes_than_the_lock_names_are_refused(tmp_path: Path, index: Path) -> None:
    entry = make_wheel(index, "ant")
    wrong = entry[:-5] + "0000\n"
    environment = Environment("test", [lock(tmp_path, wrong)], tmp_path / "cache")
    with pytest.raises(ChecksumMismatch, match=r"tools\.txt(.|\n)*ant"):
        environment.ready(silent)
    assert not environment.is_complete


def test_a_lock_without_hashes_is_refused(tmp_path: Path, index: Path) -> None:
    entry = make_wheel(index, "ant").partition(" --hash")[0]
    environment = Environment("test", [lock(tmp_path, entry)], tmp_path / "cache")
    with pytest.raises(EngineFailed, match="hash"):
        environment.ready(silent)


def test_a_package_that_cannot_be_had_is_named(tmp_path: Path, index: Path) -> None:
    index.mkdir()
    environment = Environment(
        "test", [lock(tmp_path, f"ant==1.0 --hash=sha256:{'0' * 64}\n")], tmp_path / "cache"
    )
    with pytest.raises(EngineFailed, match="ant") as failed:
        environment.ready(silent)
    assert "no wheel" in failed.value.fix


def test_of_two_callers_at_once_one_makes_it(tmp_path: Path, index: Path) -> None:
    locks = [lock(tmp_path, make_wheel(index, "ant"))]
    steps: list[Step] = []

    def call() -> None:
        Environment("test", locks, tmp_path / "cache").ready(steps.append)

    threads = [threading.Thread(target=call) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [step.finished for step in steps].count(True) == 1
    assert version(Environment("test", locks, tmp_path / "cache"), "ant") == "1.0"


def test_progress_names_the_packages_and_ends_at_their_number(tmp_path: Path, index: Path) -> None:
    entries = [make_wheel(index, "ant"), make_wheel(index, "bee")]
    elsewhere = make_wheel(index, "cat").replace(" --hash", ' ; sys_platform == "vms" --hash')
    steps: list[Step] = []
    path = lock(tmp_path, *entries, elsewhere)
    Environment("test", [path], tmp_path / "cache").ready(steps.append)
    assert steps[-1].finished
    assert (steps[-1].done, steps[-1].total) == (2, 2)
    assert [step.finished for step in steps].count(True) == 1


def test_it_is_made_by_the_standard_library_alone() -> None:
    code = "import engines.bootstrap, sys; print(*{m.split('.')[0] for m in sys.modules})"
    command = [sys.executable, "-S", "-c", code]
    imported = subprocess.check_output(
        command, text=True, cwd=REPOSITORY, env={"PATH": os.environ["PATH"]}
    )
    foreign = set(imported.split()) - set(sys.stdlib_module_names) - {"__main__"}
    assert foreign == {"engines", "streams"}
