"""Makes the repository's own environment in `.venv`; run by `./aether` with the system's Python.

Standard library only. The stamp says for which locks, place and interpreter `.venv` was made; it
is written last and in one step, and `./aether` compares it before every run.
"""

import hashlib
import os
import sys
from pathlib import Path

from engines.environment import install, install_project, make
from engines.lease import turn
from engines.progress import Console
from streams.errors import AetherError

#: From here on pyproject.toml says how the code is checked, which changes no environment.
TOOLS = b"[tool.ruff]"
LEVELS = ("product", "test")  # each contains the one before


def stamp(root: Path, level: str) -> str:
    """Return what `./aether` computes as well: the locks' hash, the place and the interpreter."""
    lock = (root / "requirements" / f"{level}.txt").read_bytes()
    project = (root / "pyproject.toml").read_bytes().partition(TOOLS)[0]
    content = lock + project
    interpreter = os.path.realpath(root / ".venv" / "bin" / "python")
    return f"{hashlib.sha256(content).hexdigest()} {root} {interpreter}"


def is_current(root: Path, level: str) -> bool:
    """Whether `.venv` holds what the locks of `level` name now."""
    try:
        return _stamp_of(root, level).read_text() == stamp(root, level)
    except FileNotFoundError:
        return False


def bring_up(root: Path, level: str, console: Console) -> None:
    """Make `.venv` current for `level`: completed if the product's part is, else from the start."""
    waiting = "waiting for process {}, which prepares the same environment"
    lock = root / ".aether" / "environment.lock"
    with turn(lock, waiting=lambda pid: console.say(waiting.format(pid))) as held:
        if is_current(root, level):
            return
        extend = level != LEVELS[0] and is_current(root, LEVELS[0])
        for each in LEVELS:
            _stamp_of(root, each).unlink(missing_ok=True)
        if not extend:
            version = ".".join(map(str, sys.version_info[:3]))
            console.say(f"Preparing .venv with Python {version}: 200 MB to download, this once.")
            make(root / ".venv", held, with_pip=True)
        _install(root, level, held, console, project=not extend)
        for each in LEVELS[: LEVELS.index(level) + 1]:
            _write(_stamp_of(root, each), stamp(root, each))


def _install(root: Path, level: str, held: int, console: Console, *, project: bool) -> None:
    python = root / ".venv" / "bin" / "python"
    install(python, root / "requirements" / f"{level}.txt", held, console, "Python packages")
    if project:
        install_project(python, root, held)


def _stamp_of(root: Path, level: str) -> Path:
    return root / ".venv" / f".{level}.stamp"


def _write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.replace(path)


def main(level: str) -> int:
    """Bring `.venv` of the repository we stand in up to `level`; returns the exit code."""
    console = Console(sys.stderr)
    try:
        bring_up(Path.cwd(), level, console)
    except AetherError as exc:
        console.say(f"{exc}\n{exc.fix}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
