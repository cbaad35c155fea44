"""What a language model is told beside the conversation: the recalled passages, numbered.

The same request always gives the same prompt; the answer cites passages by their numbers.
"""

import re

from streams.events.sessions import Citation, InferenceRequested, Message, Passage

_RULES = (
    "Use these passages from the grid's memory where they help to answer."
    " Cite a passage you rely on by its number in square brackets, like [1]."
    " If they do not hold the answer and you do not know it otherwise, say so."
)
_MARK = re.compile(r"\[(\d{1,3})\]")


def messages_of(request: InferenceRequested) -> list[Message]:
    """Return the conversation with the passages in front of it."""
    if not request.passages:
        return list(request.messages)
    told = "\n\n".join([_RULES, *map(_numbered, range(1, 100), request.passages)])
    return [Message(role="system", content=told), *request.messages]


def citations_in(text: str, passages: tuple[Passage, ...]) -> tuple[Citation, ...]:
    """Return the passages a text cites by number, each once, in the order of their numbers."""
    cited = {int(mark) for mark in _MARK.findall(text)}
    return tuple(
        Citation(marker=n, memory_id=p.memory_id, title=p.title, uri=p.uri, quote=p.text)
        for n, p in enumerate(passages, 1)
        if n in cited
    )


def _numbered(number: int, passage: Passage) -> str:
    heading = " - ".join(part for part in (passage.title, passage.section) if part)
    return f"[{number}] {heading}\n{passage.text}"
