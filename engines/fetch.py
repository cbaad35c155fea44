"""Puts the files of a lock into a directory; what stands there under its own name is verified.

A download lies in a directory of its own until its hash is right, and is then moved in one step.
"""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from engines.artifact import Artifact
from engines.progress import Progress, Step
from streams.errors import ChecksumMismatch, EngineFailed

# Fetches an artifact to somewhere in the given empty directory, tells the size of every piece that
# arrives, and returns the file. Called from several threads. Raises EngineFailed.
Download = Callable[[Artifact, Path, Callable[[int], None]], Path]

_THREADS = 8
_ATTEMPTS = 3
_UNFINISHED = ".unfinished-"


def is_complete(artifacts: Sequence[Artifact], directory: Path) -> bool:
    """Whether every file stands in `directory`; the hashes were checked when they came."""
    return all(_stands(artifact, directory) for artifact in artifacts)


def fetch(
    artifacts: Sequence[Artifact],
    directory: Path,
    download: Download,
    progress: Progress,
    task: str,
) -> None:
    """Bring what is missing; whole files of an interrupted fetch are kept.

    The caller makes sure that nobody else fetches into `directory`. Raises ChecksumMismatch or
    what `download` raises; then no unverified file is left behind.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for left in directory.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left)
    missing = [artifact for artifact in artifacts if not _stands(artifact, directory)]
    missing.sort(key=lambda artifact: -artifact.bytes)  # the largest decides when all are there
    tally = _Tally(artifacts, missing, progress, task)
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = [pool.submit(_bring, one, directory, download, tally) for one in missing]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            tally.cancel()
            pool.shutdown(cancel_futures=True)


def verify(artifact: Artifact, file: Path) -> None:
    """Raise ChecksumMismatch unless `file` holds exactly the bytes that the lock names."""
    with file.open("rb") as content:
        got = hashlib.file_digest(content, "sha256").hexdigest()
    if got == artifact.sha256:
        return
    size = file.stat().st_size
    cause = "it is cut short" if size < artifact.bytes else "its content is another"
    raise ChecksumMismatch(
        f"{artifact.filename} is not the file of the lock ({cause}): expected sha256 "
        f"{artifact.sha256} and {artifact.bytes} bytes, got {got} and {size} bytes",
        fix="run the same command again; if it stays so, look at the proxy or mirror in between",
    )


def _bring(artifact: Artifact, directory: Path, download: Download, tally: "_Tally") -> None:
    for left in reversed(range(_ATTEMPTS)):
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=directory) as unfinished:
            tally.begin(artifact)
            try:
                file = download(artifact, Path(unfinished), lambda n: tally.add(artifact, n))
            except EngineFailed:
                if not left:
                    raise
                continue
            verify(artifact, file)
            file.replace(directory / artifact.filename)
            return


def _stands(artifact: Artifact, directory: Path) -> bool:
    try:
        return (directory / artifact.filename).stat().st_size == artifact.bytes
    except FileNotFoundError:
        return False


class _Cancelled(Exception):
    """Ends a download in its thread after another one failed or a person interrupted us."""


class _Tally:
    """The bytes that have arrived, of all files together."""

    def __init__(
        self,
        artifacts: Sequence[Artifact],
        missing: Sequence[Artifact],
        progress: Progress,
        task: str,
    ) -> None:
        self._guard = threading.Lock()
        self._arrived = {one.filename: one.bytes for one in artifacts}
        self._arrived |= {one.filename: 0 for one in missing}
        self._total = sum(one.bytes for one in artifacts)
        self._progress = progress
        self._task = task
        self._cancelled = False

    def begin(self, artifact: Artifact) -> None:
        """Count a file from its first byte, again if an attempt failed."""
        with self._guard:
            self._arrived[artifact.filename] = 0

    def add(self, artifact: Artifact, count: int) -> None:
        """Count bytes of a file; raises to end the download if the fetch was cancelled."""
        with self._guard:
            if self._cancelled:
                raise _Cancelled
            self._arrived[artifact.filename] += count
            done = sum(self._arrived.values())
        self._progress(
            Step(
                task=self._task,
                item=artifact.filename,
                done=min(done, self._total),
                total=self._total,
                unit="bytes",
            )
        )

    def cancel(self) -> None:
        """Let every running download end at its next piece."""
        with self._guard:
            self._cancelled = True
