"""A dataset held against what the log makes of its manifest today: every row, in its place.

What was altered, added or left out is named by file and row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from replay.dataset.files import MANIFEST, File, Manifest, contents, hash_of, rows_in
from replay.dataset.rows import Split
from streams.errors import Misconfigured
from streams.plain import Plain, text_of

Numbered = tuple[int, Plain]


class Discrepancy(NamedTuple):
    """What of a dataset is not as its manifest or the log says; `row` counts from 1."""

    file: str
    row: int | None
    what: str


def check(folder: Path, manifest: Manifest, made: Split) -> Iterator[Discrepancy]:
    """Yield what differs from the manifest, and from the rows that the log makes today."""
    expected = contents(manifest.format, made)
    for name in sorted(expected.keys() - {file.name for file in manifest.files}):
        yield Discrepancy(MANIFEST, None, f"names no {name}, which the log makes")
    for file in manifest.files:
        yield from _file(folder, manifest.format, file, expected.get(file.name, ()))


def _file(folder: Path, kind: str, file: File, expected: Sequence[Plain]) -> Iterator[Discrepancy]:
    try:
        content = (folder / file.name).read_bytes()
    except FileNotFoundError:
        yield Discrepancy(file.name, None, "is missing")
        return
    if hash_of(content) != file.sha256:
        yield Discrepancy(file.name, None, "was altered: its hash is not the manifest's")
    try:
        rows = rows_in(kind, content)
        texts = [text_of(row) for row in rows]
    except (ValueError, Misconfigured) as exc:
        yield Discrepancy(file.name, None, f"cannot be read: {exc}")
        return
    if len(rows) != file.rows:
        yield Discrepancy(file.name, None, f"has {len(rows)} rows, not {file.rows}")
    ours = [text_of(row) for row in expected]
    for number, what in _differences(_only(rows, texts, ours), _only(expected, ours, texts)):
        yield Discrepancy(file.name, number, what)
    if texts != ours and Counter(texts) == Counter(ours):
        yield Discrepancy(file.name, None, "has its rows in another order")


def _only(rows: Sequence[Plain], texts: Sequence[str], others: Sequence[str]) -> list[Numbered]:
    """Return the rows that are not among the others as often, with their numbers."""
    left, found = Counter(others), list[Numbered]()
    for number, (row, text) in enumerate(zip(rows, texts, strict=True), 1):
        left[text] -= 1
        if left[text] < 0:
            found.append((number, row))
    return found


def _differences(
    found: Sequence[Numbered], lacking: Sequence[Numbered]
) -> Iterator[tuple[int | None, str]]:
    """Tell of rows in the file alone beside those of the log alone: an altered row is both."""
    for ours, theirs in zip_longest(found, lacking):
        if theirs is None:
            yield ours[0], "is not what the log says, or not among what was asked for"
        elif ours is None:
            yield None, f"lacks what the log has as row {theirs[0]}"
        else:
            yield ours[0], f"is told otherwise in the log: {', '.join(_fields(ours[1], theirs[1]))}"


def _fields(one: Plain, other: Plain) -> list[str]:
    if not isinstance(one, dict):
        return ["all of it"]
    return sorted(
        name for name in one.keys() | other.keys() if one.get(name, one) != other.get(name, other)
    )
