"""Documents as passages worth remembering: parts that mean something alone, with their headings.

Markdown is cut at headings, then at blank lines; what is still too long is cut between rows, items
or sentences (`cli/cutting.py`). Every character of a text is in some passage, save blank lines and
headings; what leads a cut block in is in each of its parts.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cli.cutting import LEAD_MAX, PASSAGE_MAX, Fence, is_item, is_list, pieces

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})\s*$")


class Part(NamedTuple):
    """A passage and the headings it stands under, outermost first."""

    headings: tuple[str, ...]
    text: str


def split_markdown(text: str) -> Iterator[Part]:
    """Yield the passages of a Markdown text."""
    for headings, lines in _sections(text.splitlines()):
        for passage in _packed(_led(_blocks(lines))):
            yield Part(headings, passage)


def split_plain(text: str) -> Iterator[Part]:
    """Yield the passages of a text without markup."""
    for passage in _packed(_led(_blocks(text.splitlines()))):
        yield Part((), passage)


def _sections(lines: list[str]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the lines below each heading; a `#` inside a code block is no heading."""
    headings: list[tuple[int, str]] = []
    body: list[str] = []
    fence = Fence()
    for line in lines:
        fence.pass_by(line)
        heading = None if fence.is_open else _heading(line, body)
        if heading is None:
            body.append(line)
            continue
        yield tuple(title for _, title in headings), body
        headings = [*((at, title) for at, title in headings if at < heading[0]), heading]
        body = []
    yield tuple(title for _, title in headings), body


def _heading(line: str, body: list[str]) -> tuple[int, str] | None:
    """Return level and title of a heading; an underlined one takes its line from `body`."""
    if marked := _HEADING.match(line):
        return len(marked[1]), marked[2]
    underlined = _UNDERLINE.match(line)
    alone = body and body[-1].strip() and not (len(body) > 1 and body[-2].strip())
    if underlined and alone and not is_item(body[-1]) and "|" not in body[-1]:
        return (1 if underlined[1][0] == "=" else 2), body.pop().strip()
    return None


def _blocks(lines: list[str]) -> Iterator[str]:
    """Yield what stands between blank lines; a code block is one, blank lines or not."""
    block: list[str] = []
    fence = Fence()
    for line in lines:
        fence.pass_by(line)
        if line.strip() or fence.is_open:
            block.append(line.rstrip())
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join(block)


def _led(blocks: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Yield each block with the short one before it that leads it in; a spaced list is one."""
    lead, kept = "", ""
    for block in blocks:
        if is_list(kept) and (is_item(block) or block[0].isspace()):
            kept = f"{kept}\n\n{block}"
            continue
        if kept:
            if kept.endswith(":") and len(kept) <= LEAD_MAX and not lead:
                lead, kept = kept, block
                continue
            yield lead, kept
            lead = ""
        kept = block
    if kept:
        yield lead, kept


def _packed(blocks: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Join short blocks and cut long ones, so that passages are of a like size."""
    joined = ""
    for lead, block in blocks:
        for piece in pieces(lead, block):
            if joined and len(joined) + len(piece) + 2 > PASSAGE_MAX:
                yield joined
                joined = ""
            joined = f"{joined}\n\n{piece}" if joined else piece
    if joined.strip():
        yield joined
