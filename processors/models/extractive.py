"""The answerer that needs no key: it quotes what was recalled, or says that nothing answers.

It never says a word of its own about the question: an answer is quotes with their citations.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from processors.models.ports import Answer, Emit, Refusal, Said
from processors.models.verbatim import beyond_quoting
from streams.events.sessions import Citation, InferenceRequested, Passage

NOTHING = "Nothing recalled answers this."


class Quote(NamedTuple):
    """A part of a passage, by character offsets, and how likely it answers the question."""

    passage: int
    start: int
    end: int
    score: float


class Answerer(Protocol):
    """Finds what answers a question in some passages."""

    async def quotes(self, question: str, passages: Sequence[str]) -> list[Quote]:
        """Return quotes, the best first; none if nothing answers. Raises ModelAway."""


class Extractive:
    """The answerer as a model."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        """Quote, in the order of how well each quote answers; up to where it is to stop."""
        beyond = beyond_quoting(request.options)
        if beyond is not None:
            detail = f"{beyond}: the extractive answerer only quotes; ask for a language model"
            return Refusal("invalid_request", detail)
        passages = request.passages
        found: list[Quote] = []
        if passages:
            found = await self._answerer.quotes(request.text, list(map(_headed, passages)))
        citations = [_cite(n, q, passages[q.passage]) for n, q in enumerate(found, 1)]
        text = "\n\n".join(f"{_in_one_line(c.quote)} [{c.marker}]" for c in citations) or NOTHING
        text = _up_to(text, request.options.stop)
        emit(Said(text))
        told = sum(len(p.text.split()) for p in passages) + len(request.text.split())
        return Answer(text, tuple(citations), "stop", told, len(text.split()))


def _up_to(text: str, stops: Sequence[str]) -> str:
    ends = (text.find(stop) for stop in stops if stop)
    return text[: min((end for end in ends if end >= 0), default=None)]


def _in_one_line(quote: str) -> str:
    """Return a quote without the line breaks of its source, which its citation keeps."""
    return " ".join(quote.split())


def _cite(marker: int, quote: Quote, passage: Passage) -> Citation:
    return Citation(
        marker=marker,
        memory_id=passage.memory_id,
        title=_heading(passage),
        uri=passage.uri,
        quote=_headed(passage)[quote.start : quote.end],
    )


def _headed(passage: Passage) -> str:
    """Return a passage below its heading, which says what it is about."""
    heading = _heading(passage)
    return f"# {heading}\n\n{passage.text}" if heading else passage.text


def _heading(passage: Passage) -> str:
    return " - ".join(part for part in (passage.title, passage.section) if part)
