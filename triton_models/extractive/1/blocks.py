"""Reads a passage of Markdown, plain text or chat line by line into blocks.

A block is a span of the passage (a paragraph, list item, table row, code line or turn of a chat)
with what stands above it and is needed to understand it. Spans never overlap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

_TITLE_CHARACTERS_MAX, _HEADER_CHARACTERS_MAX = 100, 200

_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s(.*)")
_BOLD_LINE = re.compile(r"\s*\*\*([^*]{1,80})\*\*:?\s*$")
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|~{3,}|\.{3,})\s*$")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_RULE = re.compile(r"[\s|:+-]+$")
_INDENTED = re.compile(r"(?: {4}|\t)")
# What opens a block of its own, and is not part of it.
_ITEM = re.compile(r"[\s>]*(?:[-*+•]|\d{1,3}[.)])\s+(?=\S)")
_SPEAKER = re.compile(r"[\s>]*([A-Z][\w.'\u2019-]*(?: [A-Z][\w.'\u2019-]*){0,2}):\s+(?=\S)")
_LABEL = re.compile(r"[\s>]*([A-ZÄÖÜ][A-ZÄÖÜ ]{3,40})[.:]\s+(?=\S)")
_MARGIN = re.compile(r"[\s>]*")


class Kind(Enum):
    """How a block is to be cut: prose into sentences, the others not at all."""

    PROSE = "prose"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A span of the passage; `header` is the first row of its table."""

    start: int
    end: int
    kind: Kind
    heading: str = ""
    speaker: str = ""
    header: str = ""


def blocks(text: str) -> list[Block]:
    """The blocks of a passage in order; headings, rules and fences are not among them."""
    reader = _Reader(text)
    for start, end in _lines(text):
        reader.read(start, end)
    reader.close()
    return reader.found


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield start, start + len(line.rstrip("\r\n"))
        start += len(line)


class _Reader:
    """One pass over the lines; `close` ends the paragraph that is open."""

    def __init__(self, text: str) -> None:
        self.found: list[Block] = []
        self._text = text
        self._headings: list[tuple[int, str]] = []
        self._label = self._speaker = self._header = ""
        self._fenced = False
        self._open: tuple[int, int] | None = None

    def read(self, start: int, end: int) -> None:
        """Take the next line."""
        line = self._text[start:end]
        if _FENCE.match(line):
            self.close()
            self._fenced = not self._fenced
        elif self._fenced or (self._open is None and _INDENTED.match(line)):
            self._code(start, end)
        elif not line.strip():
            self.close()
            self._label = self._speaker = self._header = ""
        elif not self._heads(line):
            self._content(start, end, line)

    def close(self) -> None:
        """End the open paragraph."""
        if self._open is not None:
            self._add(*self._open, Kind.PROSE)
        self._open = None

    def _heads(self, line: str) -> bool:
        """Takes headings: marked by #, set in bold alone on a line, or underlined."""
        if self._open is not None and _UNDERLINE.match(line):
            start, end = self._open
            self._open = None
            self._head(2, self._text[start:end])
        elif match := _HEADING.match(line):
            self.close()
            self._head(len(match[1]), match[2].strip("# \t"))
        elif match := _BOLD_LINE.match(line):
            self.close()
            self._head(6, match[1])
        else:
            return False
        return True

    def _head(self, level: int, title: str) -> None:
        self._headings = [(above, name) for above, name in self._headings if above < level]
        self._headings.append((level, title[:_TITLE_CHARACTERS_MAX]))
        self._label = self._speaker = self._header = ""

    def _content(self, start: int, end: int, line: str) -> None:
        if _ROW.match(line):
            self.close()
            self._row(start, end, line)
            return
        if match := _ITEM.match(line):
            self.close()
        elif match := _SPEAKER.match(line):
            self.close()
            self._speaker = match[1]
        elif match := _LABEL.match(line):
            self.close()
            self._label = match[1].capitalize()
        if self._open is None:
            margin = match or _MARGIN.match(line)
            start += margin.end() if margin else 0
        else:
            start = self._open[0]
        self._open = start, end

    def _row(self, start: int, end: int, line: str) -> None:
        if _RULE.match(line):
            return
        if self._header:
            self._add(start, end, Kind.ROW, self._header)
        else:
            self._header = line[:_HEADER_CHARACTERS_MAX]

    def _code(self, start: int, end: int) -> None:
        if self._text[start:end].strip():
            self._add(start, end, Kind.CODE)

    def _add(self, start: int, end: int, kind: Kind, header: str = "") -> None:
        titles = [name for _, name in self._headings] + [self._label]
        heading = " > ".join(title for title in titles if title)
        self.found.append(Block(start, end, kind, heading, self._speaker, header))
