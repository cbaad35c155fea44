"""The link that offers the turns of a named session to its memory.

A session nobody named cannot be come back to: its turns are in the log, and in no memory.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.memory import Content, Kind, MemoryOffered
from streams.events.sessions import RequestReceived
from streams.ids import ProcessorName, ScopeId
from streams.topics import MEMORY, SESSIONS


def carry(cause: Envelope[RequestReceived], _: int) -> Iterable[Carried]:
    """Offer what the user said to the scope its client named."""
    request = cause.event
    if request.remember_in is None:
        return ()
    return (_offer(request.remember_in, "user", request.text, cause),)


def _offer(scope: ScopeId, speaker: str, text: str, cause: Envelope[RequestReceived]) -> Carried:
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
    version=1,
    topic=SESSIONS,
    target=MEMORY,
    reads=(RequestReceived,),
    carry=carry,
)
