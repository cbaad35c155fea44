"""Small packages of Node that tests bring along, installed once for every clone that has them.

Each is a folder with a lock; it is copied below the cache under the hash of what is in it, so that
nothing is ever written beside the sources.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from engines.console import INSTALL, node_environment, npm
from engines.lease import turn
from engines.places import cache_directory
from engines.progress import Console, waiting

LATE_S = 300.0


class Package(NamedTuple):
    """A package that is installed; `npm` is the command, `folder` where it lies."""

    folder: Path
    npm: Sequence[str]

    def run(
        self, script: str, *arguments: str, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run one of its scripts to its end."""
        return subprocess.run(
            [*self.npm, "run", "--silent", script, "--", *arguments],
            cwd=self.folder,
            env={**node_environment(self.npm, os.environ), **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LATE_S,
            check=False,
        )


def installed_package(sources: Path) -> Package:
    """Return a folder's package, with all that its lock names."""
    cache, progress = cache_directory(os.environ), Console(sys.__stderr__ or sys.stderr)
    command, files = npm(cache, progress, os.environ), sorted(sources.iterdir())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    target = cache / f"{sources.name}-{digest.hexdigest()[:12]}"
    with turn(target.with_suffix(".lock"), waiting(progress, sources.name)):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix=f"{sources.name}-") as unfinished:
                _install(files, Path(unfinished, "whole"), command)
                Path(unfinished, "whole").rename(target)
    return Package(target, command)


def _install(files: Sequence[Path], folder: Path, command: Sequence[str]) -> None:
    folder.mkdir()
    for file in files:
        shutil.copyfile(file, folder / file.name)
    done = subprocess.run(
        [*command, *INSTALL],
        cwd=folder,
        env=node_environment(command, os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
