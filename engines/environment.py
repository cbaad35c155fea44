"""Python environments that hold what a lock names and nothing else; standard library only.

`./aether` runs this module with the system's Python before anything is installed. An environment
counts only once its stamp is written, which is the last thing done.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from engines.lease import turn
from engines.progress import Progress, Step, waiting
from streams.errors import ChecksumMismatch, EngineFailed

_STAMP = ".complete"
_PIP = ("-I", "-m", "pip", "--disable-pip-version-check", "--no-input")
# A lock is complete, so pip need not resolve; and what is not a wheel would need a compiler.
_INSTALL = (
    *("install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
    *("--no-user", "--no-compile", "--progress-bar", "off"),
)
_FETCHED = re.compile(r"^\s*(?:Downloading|Using cached) (?P<file>\S+)(?: \((?P<size>[^)]+)\))?")
_CAUSES = (
    ("No matching distribution", "the lock has no wheel for this Python or platform"),
    ("No space left", "the disk is full"),
    ("onnection", "the network, a proxy or a certificate keeps pip from its index"),
    ("SSL", "a proxy with a certificate of its own is in between: set PIP_CERT and SSL_CERT_FILE"),
)


class Environment:
    """An environment of its own, shared by every clone that has the same locks and interpreter."""

    def __init__(self, name: str, locks: Sequence[Path], cache: Path) -> None:
        self.name = name
        self._locks = tuple(locks)
        content = b"".join(lock.read_bytes() for lock in locks)
        key = hashlib.sha256(content + f"{sys.base_prefix} {sys.version}".encode()).hexdigest()
        self.directory = cache / "environments" / f"{name}-{key[:12]}"

    @property
    def python(self) -> Path:
        """The interpreter; it exists only once the environment was made ready."""
        return self.directory / "bin" / "python"

    @property
    def packages(self) -> Path:
        """The directory that its packages are imported from."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.directory / "lib" / version / "site-packages"

    @property
    def is_complete(self) -> bool:
        """Whether it was made to the end, and its interpreter is still there."""
        return (self.directory / _STAMP).exists() and self.python.exists()

    def ready(self, progress: Progress) -> Path:
        """Return its interpreter, making the environment first if need be.

        Of several callers at once, in any process, one makes it and the others wait.
        """
        if self.is_complete:
            return self.python
        with turn(self.directory.with_suffix(".lock"), waiting(progress, self.name)) as held:
            if not self.is_complete:
                make(self.directory, held, with_pip=False)
                for lock in self._locks:
                    task = f"{self.name}: {lock.stem}"
                    install(self.python, lock, held, progress, task)
                (self.directory / _STAMP).touch()
        return self.python


def make(directory: Path, held: int, *, with_pip: bool) -> None:
    """Make an empty environment in place of whatever `directory` holds.

    `held` is the descriptor of our turn, here and below: should we be killed, the turn lasts until
    the child has ended, so that nobody works on the same directory beside it.
    """
    shutil.rmtree(directory, ignore_errors=True)
    extra = [] if with_pip else ["--without-pip"]
    _run([sys.executable, "-I", "-m", "venv", *extra, str(directory)], held, f"make {directory}")


def install(python: Path, lock: Path, held: int, progress: Progress, task: str) -> None:
    """Install what `lock` names; raises EngineFailed, or ChecksumMismatch for other bytes."""
    tally = _Tally(lock, progress, task)
    command = [*_pip_for(python), *_INSTALL, "-r", str(lock)]
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - pip, and a lock of ours
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=[held],
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            lines.append(line.rstrip())
            tally.read(line)
    if pip.returncode:
        raise _failure(f"install {lock.name} into {python.parent.parent}", lines)
    tally.finish()


def install_project(python: Path, project: Path, held: int) -> None:
    """Install the project itself, editable, so that its entry points exist."""
    command = [*_pip_for(python), "install", "--quiet", "--no-deps", "--no-build-isolation"]
    attempt = f"install {project} into {python.parent.parent}"
    _run([*command, "--editable", str(project)], held, attempt)


def _pip_for(python: Path) -> list[str]:
    """The environment's own pip; one made without uses ours, which saves a third of the time."""
    if any(python.parent.parent.glob("lib/python*/site-packages/pip")):
        return [str(python), *_PIP]
    return [sys.executable, *_PIP, "--python", str(python)]


def _run(command: Sequence[str], held: int, attempt: str) -> None:
    done = subprocess.run(  # noqa: S603 - Python, and arguments of ours
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        pass_fds=[held],
    )
    if done.returncode:
        raise _failure(attempt, done.stdout.splitlines())


def _failure(attempt: str, lines: Sequence[str]) -> EngineFailed:
    text = "\n".join(lines[-15:])
    if "DO NOT MATCH THE HASHES" in text.upper():
        return ChecksumMismatch(
            f"could not {attempt}: a package is not the one that the lock names\n{text}",
            fix="look at the mirror or proxy in between; `requirements/lock` renews the locks",
        )
    cause = next((cause for mark, cause in _CAUSES if mark in text), "see pip's last lines above")
    return EngineFailed(f"could not {attempt}\n{text}", fix=cause)


class _Tally:
    """Reads from pip's output how far it is."""

    def __init__(self, lock: Path, progress: Progress, task: str) -> None:
        named = re.findall(r"^[A-Za-z0-9][^=\s]*==", lock.read_text(encoding="utf-8"), re.MULTILINE)
        self._total = len(named)
        self._done = 0
        self._progress = progress
        self._task = task

    def read(self, line: str) -> None:
        """Take one line of pip's."""
        if line.startswith("Ignoring "):  # its marker excludes this platform
            self._total -= 1
        elif match := _FETCHED.match(line):
            self._done += 1
            self._tell(f"{match['file'].split('-')[0]} ({match['size'] or 'cached'})")
        elif line.startswith("Installing collected"):
            self._tell("unpacking")

    def finish(self) -> None:
        """Report the end, also of a lock that names nothing for this platform."""
        self._done = self._total
        self._tell("")

    def _tell(self, item: str) -> None:
        done = min(self._done, self._total - (item != ""))
        self._progress(
            Step(task=self._task, item=item, done=done, total=self._total, unit="packages")
        )
