"""Cuts a block of text that is too long for one passage, so that each part can be read alone.

A part of a table has its header, a part of a list the line that leads it in, a part of a code
block its fences. Other text is cut at line ends, then at sentence ends, then anywhere.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

PASSAGE_MAX, LEAD_MAX = 900, 300

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})([^`]*)$")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|\d{1,9}[.)])\s+\S")
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-*:?\s*)*$")
_SENTENCE = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*\s")


class Fence:
    """Whether lines that pass by are inside a code block."""

    def __init__(self) -> None:
        self._opened = ""

    @property
    def is_open(self) -> bool:
        """Whether the next line is code; the closing line is not."""
        return bool(self._opened)

    def pass_by(self, line: str) -> None:
        """Take a line: the fence that closes is at least the one that opened."""
        mark = _FENCE.match(line)
        if mark is None:
            return
        if not self._opened:
            self._opened = mark[1]
        elif mark[1].startswith(self._opened) and not mark[2].strip():
            self._opened = ""


class _Anatomy(NamedTuple):
    """What every part begins and ends with, and what it is made from."""

    head: str
    rows: list[str]
    tail: str


def is_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return _ITEM.match(line) is not None


def is_list(block: str) -> bool:
    """Whether a block has items of a list, and perhaps what leads them in."""
    lines = block.split("\n")
    return _FENCE.match(lines[0]) is None and any(map(is_item, lines))


def pieces(lead: str, block: str) -> Iterator[str]:
    """Yield a block in parts of at most `PASSAGE_MAX` characters, each with what leads it in."""
    lead = f"{lead}\n\n" if lead else ""
    if len(lead) + len(block) <= PASSAGE_MAX:
        yield lead + block
        return
    head, rows, tail = _anatomy(block.split("\n"))
    head = lead + head
    if len(head) + len(tail) > LEAD_MAX * 2:  # it would be most of every part
        head, rows, tail = "", (lead + block).split("\n"), ""
    room = PASSAGE_MAX - len(head) - len(tail)
    part = ""
    for row in rows:
        for text in _fitted(row, room):
            if part and len(part) + len(text) + 1 > room:
                yield head + part.strip("\n") + tail
                part = ""
            part = f"{part}\n{text}" if part else text
    if part.strip():
        yield head + part.strip("\n") + tail


def _anatomy(lines: list[str]) -> _Anatomy:
    opened = _FENCE.match(lines[0])
    if opened and len(lines) > 2:
        return _Anatomy(f"{lines[0]}\n", _within(lines, opened[1]), f"\n{opened[1]}")
    if len(lines) > 2 and "|" in lines[0] and _RULE.match(lines[1]):
        return _Anatomy(f"{lines[0]}\n{lines[1]}\n", lines[2:], "")
    first = next((at for at, line in enumerate(lines) if _ITEM.match(line)), None)
    if first is None:
        return _Anatomy("", lines, "")
    return _Anatomy("".join(f"{line}\n" for line in lines[:first]), _items(lines[first:]), "")


def _within(lines: list[str], mark: str) -> list[str]:
    """Return the lines between the fences; the second one may be missing."""
    return lines[1:-1] if lines[-1].strip().startswith(mark) else lines[1:]


def _items(lines: list[str]) -> list[str]:
    """Return the outermost items, each with all that belongs to it."""
    found: list[str] = []
    indent = len(lines[0]) - len(lines[0].lstrip())
    for line in lines:
        item = _ITEM.match(line)
        if not found or (item and len(item[1]) <= indent):
            found.append(line)
        else:
            found[-1] += f"\n{line}"
    return found


def _fitted(row: str, room: int) -> Iterator[str]:
    """Yield a row in parts that fit, of a like size: no last word is left alone."""
    rest = row
    while len(rest) > room:
        even = -(-len(rest) // -(-len(rest) // room))
        limit = min(room, even + even // 4)
        ends = [mark.end() for mark in _SENTENCE.finditer(rest, 0, limit)]
        at = next((end for end in reversed(ends) if end > even // 2), None)
        at = (
            at or next((rest.rfind(c, even // 2, limit) + 1 for c in "\n " if c in rest), 0) or room
        )
        yield rest[:at].rstrip()
        rest = rest[at:].lstrip("\n ")
    if rest.strip():
        yield rest
