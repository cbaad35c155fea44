"""What a lock names, as a directory of the cache: its files, or the content of its archive.

A directory is named after its content, so versions live side by side and none changes.
"""

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines.artifact import Artifact, read_lock
from engines.fetch import Download, fetch, is_complete
from engines.lease import turn
from engines.progress import Progress, waiting
from streams.errors import EngineFailed

# An archive's hash was right before it is unpacked; Python before 3.11.4 cannot filter as well.
_SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def jars(lock: Path, cache: Path, download: Download, progress: Progress) -> Path:
    """Return a directory with the files of a lock, fetching what is missing."""
    artifacts = read_lock(lock)
    home = _home(lock, artifacts, cache)
    if not is_complete(artifacts, home):
        with turn(_beside(home, "lock"), waiting(progress, lock.stem)):
            fetch(artifacts, home, download, progress, lock.stem)
    return home


def application(lock: Path, cache: Path, download: Download, progress: Progress) -> Path:
    """Return a directory with the unpacked archive of a lock; the archive itself is not kept."""
    artifacts = read_lock(lock)
    home = _home(lock, artifacts, cache)
    if home.exists():
        return home
    with turn(_beside(home, "lock"), waiting(progress, lock.stem)):
        if not home.exists():
            archives = _beside(home, "download")
            fetch(artifacts, archives, download, progress, lock.stem)
            _unpack([archives / artifact.filename for artifact in artifacts], home)
            shutil.rmtree(archives)
    return home


def _home(lock: Path, artifacts: Sequence[Artifact], cache: Path) -> Path:
    content = "".join(artifact.sha256 for artifact in artifacts)
    return cache / f"{lock.stem}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _beside(home: Path, kind: str) -> Path:
    return home.with_name(f"{home.name}.{kind}")


def _unpack(archives: Sequence[Path], home: Path) -> None:
    """Make `home` in one step; what an interrupted attempt left is cleared away first."""
    for left in home.parent.glob(f"{home.name}.unfinished-*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=f"{home.name}.unfinished-", dir=home.parent) as place:
        unpacked = Path(place) / "content"
        for archive in archives:
            try:
                with tarfile.open(archive) as content:
                    content.extractall(unpacked, **_SAFELY)  # noqa: S202 - verified content
            except tarfile.TarError as exc:
                raise EngineFailed(f"could not unpack {archive}: {exc}") from exc
        unpacked.rename(home)
