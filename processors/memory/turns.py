"""The link that offers the turns of a named session to its memory, the user's and the grid's.

A session nobody named cannot be come back to: its turns are in the log, and in no memory.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.memory import Content, Kind, MemoryOffered
from streams.events.sessions import RequestReceived, ResponseCompleted
from streams.ids import ModelName, ProcessorName, ScopeId
from streams.topics import MEMORY, SESSIONS

USER, ASSISTANT = "user", "assistant"
TOOLS = ("tool", "function")
#: It quotes what is remembered, or says that nothing is: no news for a memory.
QUOTING = ModelName("extractive")


def carry(cause: Envelope[RequestReceived | ResponseCompleted], _: int) -> Iterable[Carried]:
    """Offer what was said to the scope that its client named."""
    event = cause.event
    if event.remember_in is None:
        return ()
    if isinstance(event, RequestReceived):
        if event.messages and event.messages[-1].role in TOOLS:
            return ()  # what a tool said goes on with a turn that was offered
        return (_offer(event.remember_in, USER, event.text, cause),)
    if event.model == QUOTING or not event.text.strip():  # calls of tools alone are no words
        return ()
    return (_offer(event.remember_in, ASSISTANT, event.text, cause),)


def _offer(
    scope: ScopeId,
    speaker: str,
    text: str,
    cause: Envelope[RequestReceived | ResponseCompleted],
) -> Carried:
    content = Content(
        kind=Kind.TURN,
        text=text,
        title="",
        uri=f"session:{cause.key}",
        section="",
        speaker=speaker,
        said_at_ms=cause.recorded_at_ms,
    )
    return Carried(scope, MemoryOffered(content=content))


TURNS = Link(
    name=ProcessorName("turns"),
    version=3,
    topic=SESSIONS,
    target=MEMORY,
    reads=(RequestReceived, ResponseCompleted),
    carry=carry,
)
