"""Writes a lock of Maven artifacts anew: `python -m engines.relock kafka COORDINATE...`.

For whoever raises a version. The hashes are of what arrives now: look at the difference before
committing it. A coordinate with a packaging is taken alone, others with all that they need.
"""

import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engines.maven import closure
from engines.places import LOCKS


def relock(coordinates: Sequence[str]) -> str:
    """Return the entries of a lock for the coordinates, in the order of their own."""
    with tempfile.TemporaryDirectory() as cache:
        found = sorted(closure(coordinates, Path(cache)))
        return "\n".join(_entry(coordinate, file) for coordinate, file in found)


def _entry(coordinate: str, file: Path) -> str:
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return (
        f'[[artifact]]\ncoordinate = "{coordinate}"\nsha256 = "{sha256}"\nbytes = {len(content)}\n'
    )


def main(name: str, *coordinates: str) -> None:
    """Replace the lock `name`; its first lines, which say what it is, stay."""
    path = LOCKS / f"{name}.toml"
    head = path.read_text(encoding="utf-8").partition("[[artifact]]")[0]
    path.write_text(head + relock(coordinates), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
