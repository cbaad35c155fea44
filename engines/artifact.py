"""A file of a Maven repository as our lock names it: coordinate, size and the hash it must have."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from streams.errors import Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file. Its coordinate reads `group:name:version[:packaging[:classifier]]`."""

    group: str
    name: str
    version: str
    packaging: str
    classifier: str
    sha256: str
    bytes: int

    @property
    def filename(self) -> str:
        """The file's name in a Maven repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"


def read_lock(path: Path) -> tuple[Artifact, ...]:
    """Return the artifacts of a lock, in its order; raises Misconfigured for a broken one."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["artifact"]
        return tuple(_artifact(row) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as exc:
        raise Misconfigured(f"could not read the lock {path}: {exc}") from exc


def _artifact(row: dict[str, object]) -> Artifact:
    group, name, version, *rest = str(row["coordinate"]).split(":")
    packaging, classifier, *_ = (*rest, "", "")
    sha256, size = str(row["sha256"]), row["bytes"]
    if len(sha256) != 64 or not isinstance(size, int):
        raise ValueError(f"{row['coordinate']} has no sha256 or no size")
    return Artifact(
        group=group,
        name=name,
        version=version,
        packaging=packaging or "jar",
        classifier=classifier,
        sha256=sha256,
        bytes=size,
    )
