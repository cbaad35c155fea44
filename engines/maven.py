"""Maven artifacts through jgo, used as a downloader only: what it brings is verified by `fetch`.

Every download has a repository cache of its own, so nothing an earlier build left is ever used.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jgo.maven import Artifact as Found
from jgo.maven import MavenContext, PythonResolver

from engines.artifact import Artifact
from streams.errors import EngineFailed

_TIMEOUT_S = 60
_FIX = (
    "check the network, the proxy variables and the certificates (REQUESTS_CA_BUNDLE), then run "
    "the same command again: finished files are kept"
)


def download(artifact: Artifact, directory: Path, arrived: Callable[[int], None]) -> Path:
    """Fetch one artifact into `directory`; raises EngineFailed when it cannot be had."""

    @contextmanager
    def told(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield arrived

    context = MavenContext(
        resolver=PythonResolver(progress_callback=told),
        repo_cache=directory,
        timeout=_TIMEOUT_S,
    )
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        file = component.artifact(artifact.classifier, artifact.packaging).resolve()
    except (OSError, RuntimeError) as exc:  # what requests raises is an OSError, too
        raise EngineFailed(f"could not download {artifact.filename}: {exc}", fix=_FIX) from exc
    return Path(file)


def closure(coordinates: Sequence[str], cache: Path) -> Iterator[tuple[str, Path]]:
    """Fetch what the coordinates name: each file with its own coordinate.

    One with a packaging is taken alone, the others with all that they need, as Maven would choose.
    """
    context = MavenContext(resolver=PythonResolver(), repo_cache=cache, timeout=_TIMEOUT_S)
    for artifact in _artifacts(context, coordinates):
        parts = [artifact.groupId, artifact.artifactId, artifact.version]
        if artifact.packaging != "jar":
            parts += filter(None, (artifact.packaging, artifact.classifier))
        yield ":".join(parts), Path(artifact.resolve())


def _artifacts(context: MavenContext, coordinates: Sequence[str]) -> Iterator[Found]:
    roots = []
    for coordinate in coordinates:
        group, name, version, *rest = coordinate.split(":")
        if rest:
            packaging, classifier, *_ = (*rest, "")
            component = context.project(group, name).at_version(version)
            yield component.artifact(classifier, packaging)
        else:
            roots.append(context.create_dependency(coordinate))
    if roots:
        named, needed = context.resolver.resolve(roots)
        yield from (dependency.artifact for dependency in (*named, *needed))
