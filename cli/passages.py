"""Documents as passages worth remembering: parts that mean something alone, with their headings.

Markdown is cut at headings, then at blank lines; code blocks and tables stay whole as far as they
fit. Every character of a text is in one passage, save blank lines between them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

PASSAGE_MAX = 900

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")


class Part(NamedTuple):
    """A passage and the headings it stands under, outermost first."""

    headings: tuple[str, ...]
    text: str


def split_markdown(text: str) -> Iterator[Part]:
    """Yield the passages of a Markdown text."""
    for headings, lines in _sections(text.splitlines()):
        for piece in _packed(_blocks(lines)):
            yield Part(headings, piece)


def split_plain(text: str) -> Iterator[Part]:
    """Yield the passages of a text without markup."""
    for piece in _packed(_blocks(text.splitlines())):
        yield Part((), piece)


def _sections(lines: list[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the lines below each heading; a `#` inside a code block is no heading."""
    headings: list[tuple[int, str]] = []
    body: list[str] = []
    fenced = False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading is None:
            body.append(line)
            continue
        yield tuple(title for _, title in headings), body
        level = len(heading[1])
        headings = [(at, title) for at, title in headings if at < level]
        headings.append((level, heading[2]))
        body = []
    yield tuple(title for _, title in headings), body


def _blocks(lines: list[str]) -> Iterator[str]:
    """Yield what stands between blank lines; a code block is one, blank lines or not."""
    block: list[str] = []
    fenced = False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        if line.strip() or fenced:
            block.append(line.rstrip())
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _packed(blocks: Iterator[str]) -> Iterator[str]:
    """Join short blocks and cut long ones, so that passages are of a like size."""
    joined = ""
    for block in blocks:
        for piece in _cut(block):
            if joined and len(joined) + len(piece) + 2 > PASSAGE_MAX:
                yield joined
                joined = ""
            joined = f"{joined}\n\n{piece}" if joined else piece
    if joined.strip():
        yield joined


def _cut(block: str) -> Iterator[str]:
    """Cut a block that is too long at line ends, then at sentence ends, then anywhere."""
    rest = block
    while len(rest) > PASSAGE_MAX:
        at = rest.rfind("\n", PASSAGE_MAX // 2, PASSAGE_MAX)
        if at < 0:
            at = rest.rfind(". ", PASSAGE_MAX // 2, PASSAGE_MAX)
            at = at + 1 if at > 0 else PASSAGE_MAX
        yield rest[:at].strip("\n")
        rest = rest[at:].lstrip("\n ")
    if rest.strip():
        yield rest
