"""`./aether` makes its environment once, whoever calls it, and then gets out of the way.

The door, the bootstrap and pip are real; the project behind them is a small one made for the test.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engines.places import REPOSITORY
from tests.unit.engines.wheels import make_wheel

pytestmark = pytest.mark.integration

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "small"
version = "1"
"""
BACKEND = """
import pathlib, zipfile
INFO = {
    "METADATA": "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "RECORD": "",
}
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("small.pth", str(pathlib.Path.cwd()))
        for file, text in INFO.items():
            wheel.writestr(f"small-1.dist-info/{file}", text)
    return name
"""
COMMAND_LINE = """
import sys
import ant
print(sys.argv[1:], ant.VERSION)
sys.exit(7)
"""
TOOLS = ("sh", "cat", "dirname", "readlink", "sed", "sha256sum")


class Clone:
    """A repository with our door and engines, and an index for its packages."""

    def __init__(self, root: Path, index: Path) -> None:
        self.root = root
        self.index = index
        root.mkdir()
        shutil.copy(REPOSITORY / "aether", root)
        ignored = shutil.ignore_patterns("__pycache__", "io")
        shutil.copytree(REPOSITORY / "engines", root / "engines", ignore=ignored)
        shutil.copytree(REPOSITORY / "streams", root / "streams", ignore=ignored)
        (root / "cli").mkdir()
        (root / "cli" / "main.py").write_text(COMMAND_LINE)
        (root / "pyproject.toml").write_text(PROJECT)
        (root / "backend.py").write_text(BACKEND)
        self.lock(ant="1.0")

    def lock(self, **versions: str) -> None:
        """Lock the product; the tests' lock adds `bee`."""
        entries = [make_wheel(self.index, name, version) for name, version in versions.items()]
        directory = self.root / "requirements"
        directory.mkdir(exist_ok=True)
        (directory / "product.txt").write_text("".join(entries))
        (directory / "test.txt").write_text("".join([*entries, make_wheel(self.index, "bee")]))

    def start(
        self, *arguments: str, door: Path | None = None, path: str | None = None
    ) -> "subprocess.Popen[str]":
        elsewhere = self.root.parent / "elsewhere"
        (elsewhere / "cli").mkdir(parents=True, exist_ok=True)
        (elsewhere / "cli" / "main.py").write_text("raise SystemExit('the wrong command line')")
        return subprocess.Popen(
            [door or self.root / "aether", *arguments],
            cwd=elsewhere,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                "PATH": path or f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}",
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.index),
            },
        )

    def run(self, *arguments: str, **options: Path | str) -> tuple[int, str, str]:
        child = self.start(*arguments, **options)  # type: ignore[arg-type]
        out, err = child.communicate(timeout=120)
        return child.returncode, out.strip(), err


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A repository that was never run."""
    return Clone(tmp_path / "clone", tmp_path / "index")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with what every Linux has, and no Python yet."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for tool in TOOLS:
        (directory / tool).symlink_to(Path(shutil.which(tool) or tool))
    return directory


def write_script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_first_run_prepares_and_the_second_does_not(clone: Clone, tools: Path) -> None:
    code, out, err = clone.run("run", "a b")
    assert (code, out) == (7, "['run', 'a b'] 1.0")
    assert "Preparing .venv" in err
    assert clone.run("again") == (7, "['again'] 1.0", "")
    assert clone.run("x", path=str(tools))[:2] == (7, "['x'] 1.0"), "no other Python is asked"


def test_a_symlink_leads_to_the_same_place(clone: Clone, tmp_path: Path) -> None:
    clone.run()
    (tmp_path / "link").symlink_to(clone.root / "aether")
    assert clone.run("x", door=tmp_path / "link") == (7, "['x'] 1.0", "")


def test_a_changed_lock_is_installed(clone: Clone) -> None:
    clone.run()
    clone.lock(ant="2.0")
    _, out, err = clone.run()
    assert out == "[] 2.0"
    assert "Preparing" in err


def test_an_interrupted_preparation_is_done_again(clone: Clone) -> None:
    clone.run()
    venv = clone.root / ".venv"
    (venv / ".product.stamp").unlink()
    (venv / "half").touch()
    for package in venv.glob("lib/*/site-packages/ant.py"):
        package.write_text("half of a")
    assert clone.run()[1] == "[] 1.0"
    assert not (venv / "half").exists()


def test_a_moved_repository_is_prepared_anew(clone: Clone, tmp_path: Path) -> None:
    clone.run()
    clone.root = clone.root.rename(tmp_path / "moved")
    _, out, err = clone.run()
    assert out == "[] 1.0"
    assert "Preparing" in err


def test_the_tests_add_their_packages_to_the_same_environment(clone: Clone) -> None:
    clone.run()
    kept = clone.root / ".venv" / "kept"
    kept.touch()
    assert clone.run("test", "unit")[:2] == (7, "['test', 'unit'] 1.0")
    assert kept.exists(), "completed, not made anew"
    assert list(clone.root.glob(".venv/lib/*/site-packages/bee.py"))
    assert clone.run("x") == (7, "['x'] 1.0", "")
    assert clone.run("test") == (7, "['test'] 1.0", "")


def test_two_first_runs_at_once_share_the_work(clone: Clone) -> None:
    first, second = clone.start("one"), clone.start("two")
    outs = [child.communicate(timeout=120) for child in (first, second)]
    assert sorted(out for out, _ in outs) == ["['one'] 1.0\n", "['two'] 1.0\n"]
    assert "".join(err for _, err in outs).count("Preparing") == 1


def test_a_package_that_is_not_the_locks_one_stops_it(clone: Clone) -> None:
    lock = clone.root / "requirements" / "product.txt"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:" + "0" * 8)[: -8 - 1])
    code, out, err = clone.run()
    assert (code, out) == (1, "")
    assert "the lock" in err
    assert not (clone.root / ".venv" / ".product.stamp").exists()


def test_a_missing_python_is_named_with_the_commands_that_install_it(
    clone: Clone, tools: Path
) -> None:
    code, out, err = clone.run(path=str(tools))
    assert (code, out) == (1, "")
    for command in ("sudo apt install python3", "sudo dnf install", "sudo pacman -S python"):
        assert command in err


def test_a_python_without_its_venv_module_is_told_apart(clone: Clone, tools: Path) -> None:
    write_script(
        tools / "python3",
        f'case "$*" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"',
    )
    code, _, err = clone.run(path=str(tools))
    assert code == 1
    version = "{}.{}".format(*sys.version_info)
    assert f"sudo apt install python{version}-venv" in err


def test_an_old_python_is_passed_over(clone: Clone, tools: Path) -> None:
    write_script(tools / "python3", "exit 1")
    name = "python{}.{}".format(*sys.version_info)
    (tools / name).symlink_to(Path(sys.base_prefix) / "bin" / name)
    assert clone.run(path=str(tools))[:2] == (7, "[] 1.0")
