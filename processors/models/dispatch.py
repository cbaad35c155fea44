"""The link that hands requests to nodes: what a node answers lies on the topic it works on.

A node in any language reads `aether.work.{name}` and appends the outcome to the session itself; two
that answer one request give the same id, and the first in the log counts.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.sessions import InferenceRequested
from streams.ids import ProcessorName
from streams.topics import SESSIONS, Topic, work_of

#: A larger request would lie in the object store, which nodes do not read.
BYTES_MAX = 200_000


def node_topic(request: InferenceRequested) -> Topic | None:
    """Return where nodes wait for a request; None if no node can answer it."""
    return None if size_of(request) > BYTES_MAX else work_of(request.model)


def size_of(request: InferenceRequested) -> int:
    """Return roughly how many bytes a request has."""
    said = [request.text, request.options.verbatim]
    for message in request.messages:
        said += [message.content, *(call.arguments for call in message.tool_calls)]
    told = (part for p in request.passages for part in (p.text, p.title, p.uri, p.section))
    return sum(len(text.encode()) for text in (*said, *told))


def answered_here(request: InferenceRequested) -> bool:
    """Whether the grid answers itself, and no node."""
    return node_topic(request) is None


def carry(cause: Envelope[InferenceRequested], _: int) -> Iterable[Carried]:
    """Write a request for a node on the topic where nodes wait for it."""
    topic = node_topic(cause.event)
    return [] if topic is None else [Carried(cause.key, cause.event, topic=topic.name)]


DISPATCH = Link(
    name=ProcessorName("dispatch"),
    version=1,
    topic=SESSIONS,
    target=SESSIONS,
    reads=(InferenceRequested,),
    carry=carry,
)
