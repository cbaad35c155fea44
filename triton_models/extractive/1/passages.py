"""Cuts passages into pieces that can be quoted by themselves.

A piece is a pair of offsets into its passage, so whatever is quoted is verbatim.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .blocks import Block, Kind, blocks

PIECE_CHARACTERS_MAX = 400
# A longer sentence is cut at semicolons as well.
_LONG = 240

_CLOSING = r"[\"'\u201d\u2019)\]*_`]"
_SENTENCE_END = re.compile(
    rf"(?:(?<=[.\u2026])|(?<=[.\u2026]{_CLOSING})|(?<=[.\u2026]{_CLOSING}{_CLOSING}))"
    r"\s+(?=[\"'\u201c\u2018(\[`*_<]*[A-ZÀ-Þ0-9£$€])"
    rf"|(?:(?<=[!?])|(?<=[!?]{_CLOSING}))\s+|(?<=[\u3002\uff01\uff1f])\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Inc|Ltd|No|Nr|vs|approx|ca|cf|Fig|Vol"
    r"|e\.g|i\.e|z\.B|d\.h|u\.a|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)\.$"
)
_CLAUSE_END = re.compile(r"(?<=;)\s+")
_EMPHASIS = ("**", "__", "`")
# A piece this short, or that opens with such a word, says little without the one before.
_SHORT = 30
_BEFORE_CHARACTERS_MAX = 200
_LEANS = re.compile(r"(?:he|she|it|they|this|that|these|those|its|his|her|their)\b", re.IGNORECASE)
_SAYS_SOMETHING = re.compile(r"\w")
_LINK_TARGET = re.compile(r"\.\.( |$)|_`|\[[^\]]*\]: \S+$|!\[|\[!\[")


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of passage number `passage`; `before` is what stands above it."""

    passage: int
    start: int
    end: int
    text: str
    block: Block
    before: str

    @property
    def states_something(self) -> bool:
        """False for questions and for lines that only introduce what follows."""
        return not self.text.rstrip("*_`\"'\u201d\u2019)!").endswith(("?", ":"))

    @property
    def in_context(self) -> str:
        """What is embedded: the piece, and of what stands above it as much as it needs."""
        block, text = self.block, self.text
        leans = block.kind is not Kind.PROSE or len(text) < _SHORT or _LEANS.match(text)
        before = self.before[-_BEFORE_CHARACTERS_MAX:] if leans else ""
        heading = block.heading.rsplit(" > ", 1)[-1]
        return ": ".join(part for part in (heading, block.speaker, before, text) if part)


def pieces(passages: list[str]) -> list[Piece]:
    """All pieces of all passages, in order."""
    return [piece for number, passage in enumerate(passages) for piece in _cut_up(number, passage)]


def _cut_up(number: int, passage: str) -> Iterator[Piece]:
    before = introduction = ""
    for block in blocks(passage):
        for start, end in _spans(passage, block):
            start, end = _paired(passage, start, end)
            text = passage[start:end]
            if not _SAYS_SOMETHING.search(text) or _LINK_TARGET.match(text):
                continue
            above = {Kind.ROW: block.header, Kind.CODE: introduction}.get(block.kind, before)
            yield Piece(number, start, end, text, block, above)
            before = text
            if block.kind is not Kind.CODE:
                introduction = text


def _spans(text: str, block: Block) -> Iterator[tuple[int, int]]:
    """The block cut into sentences, long sentences into clauses, long clauses at white space."""
    whole = _trimmed(text, block.start, block.end)
    if block.kind is not Kind.PROSE:
        yield from _short(text, *whole)
        return
    for sentence in _cut(text, *whole, _SENTENCE_END):
        if sentence[1] - sentence[0] <= _LONG:
            yield sentence
            continue
        for clause in _cut(text, *sentence, _CLAUSE_END):
            yield from _short(text, *clause)


def _cut(text: str, start: int, end: int, at: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    begin = start
    for match in at.finditer(text, start, end):
        if not _ABBREVIATION.search(text[begin : match.start()]):
            yield begin, match.start()
            begin = match.end()
    if begin < end:
        yield begin, end


def _short(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > PIECE_CHARACTERS_MAX:
        space = text.rfind(" ", start, start + PIECE_CHARACTERS_MAX)
        cut = space if space > start else start + PIECE_CHARACTERS_MAX
        yield _trimmed(text, start, cut)
        start = _trimmed(text, cut, end)[0]
    if start < end:
        yield start, end


def _paired(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without a mark of emphasis at its edge whose other half is in another sentence."""
    for mark in _EMPHASIS:
        part = text[start:end]
        if part.count(mark) % 2 and part.startswith(mark):
            start += len(mark)
        elif part.count(mark) % 2 and part.endswith(mark):
            end -= len(mark)
    return _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
