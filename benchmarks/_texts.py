"""Labelled texts as their authors publish them, read with every quirk of CSV that is harmless.

What cannot be understood is said at the door, with the file and the line.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from processors.classifier.training import EXAMPLES_MIN

OUTSIDE = "oos"

Row = tuple[str, str]  # text, label

#: How columns are called; where none of them is, two columns are text and label.
TEXTS = ("text", "utterance", "query", "sentence", "question")
LABELS = ("label", "category", "intent", "intent_name", "class", "domain")
#: The column that says which rows follow each other.
SESSION = "session"


def read(path: Path, part: str) -> list[Row]:
    """Return the rows of a file; of CLINC150's JSON those of a part and what is outside of it."""
    told = _text(path)
    rows = _of_json(path, told, part) if path.suffix == ".json" else _of_csv(path, told)
    if not rows:
        raise SystemExit(f"{path}: want a header and at least one line of text,label")
    return rows


def read_sessions(path: Path) -> list[list[Row]]:
    """Return the rows of a CSV by its column `session`, each session's in order."""
    table = _table(path, _text(path))
    if table is None or SESSION not in table.names:
        raise SystemExit(f"{path}: want a header with a column `{SESSION}`")
    at, found = table.names.index(SESSION), dict[str, list[Row]]()
    for row, (_, cells) in zip(_rows(path, table), table.lines, strict=True):
        found.setdefault(cells[at] if at < len(cells) else "", []).append(row)
    return list(found.values())


def teachable(rows: Sequence[Row], path: Path) -> list[Row]:
    """Return what can be learned from; a text that says nothing teaches nothing."""
    known = [(text, label) for text, label in rows if text.strip()]
    if all(label == OUTSIDE for _, label in known):
        raise SystemExit(f"{path}: want at least one text with a label other than `{OUTSIDE}`")
    return known


def learnable(rows: Sequence[Row]) -> set[str]:
    """Return the labels with enough different texts for weights; a centroid is all of others."""
    counts = Counter(label for _, label in set(rows) if label != OUTSIDE)
    return {label for label, count in counts.items() if count >= EXAMPLES_MIN}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise SystemExit(f"{path} cannot be read as UTF-8 text: {exc}") from None


def _of_json(path: Path, told: str, part: str) -> list[Row]:
    try:
        parts = json.loads(told)
        named = [*parts[part], *parts.get(f"oos_{part}", [])]
        return [(str(text), _label(str(label))) for text, label in named]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SystemExit(
            f"{path}: want CLINC150's JSON, with pairs of text and label under {part!r}"
        ) from None


class _Table(NamedTuple):
    """A CSV's header in lower case, and its lines with their numbers."""

    names: list[str]
    lines: list[tuple[int, list[str]]]


def _of_csv(path: Path, told: str) -> list[Row]:
    table = _table(path, told)
    return [] if table is None else _rows(path, table)


def _table(path: Path, told: str) -> _Table | None:
    lines = csv.reader(StringIO(told, newline=""), delimiter=_delimiter(path))
    try:
        header, *rows = [(lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except ValueError:
        return None
    except csv.Error as exc:
        raise SystemExit(f"{path}, line {lines.line_num}: {exc}") from None
    return _Table([name.strip().lower() for name in header[1]], rows)


def _rows(path: Path, table: _Table) -> list[Row]:
    text, label = _columns(path, table.names)
    short = next((at for at, row in table.lines if len(row) <= max(text, label)), None)
    if short is not None:
        raise SystemExit(f"{path}, line {short}: want a text and a label")
    bare = next((at for at, row in table.lines if not row[label].strip()), None)
    if bare is not None:
        raise SystemExit(f"{path}, line {bare}: the label is empty; `{OUTSIDE}` is none of them")
    return [(row[text], _label(row[label])) for _, row in table.lines]


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix == ".tsv" else ","


def _columns(path: Path, names: Sequence[str]) -> tuple[int, int]:
    """Return where text and label stand."""
    text = next((names.index(name) for name in TEXTS if name in names), None)
    label = next((names.index(name) for name in LABELS if name in names), None)
    if text is not None and label is not None:
        return text, label
    if text is None and label is None and len(names) == 2:
        return 0, 1
    raise SystemExit(
        f"{path}: which of its columns are text and label? They are {', '.join(names)}; known are"
        f" {', '.join(TEXTS)} and {', '.join(LABELS)}"
    )


def _label(told: str) -> str:
    label = told.strip()
    return OUTSIDE if label.lower() == OUTSIDE else label
