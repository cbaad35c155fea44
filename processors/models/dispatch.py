"""The link that hands requests to nodes: what a node answers lies on the topic it works on.

A node in any language reads `aether.work.{name}` and appends the outcome to the session itself; two
that answer one request give the same id, and the first in the log counts.
"""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.sessions import InferenceRequested
from streams.ids import ProcessorName
from streams.topics import SESSIONS, work_of


def answered_here(request: InferenceRequested) -> bool:
    """Whether a model of the grid's own answers, and no node."""
    return work_of(request.model) is None


def carry(cause: Envelope[InferenceRequested], _: int) -> Iterable[Carried]:
    """Write a request for a node on the topic where nodes wait for it."""
    work = work_of(cause.event.model)
    return [] if work is None else [Carried(cause.key, cause.event, topic=work.name)]


DISPATCH = Link(
    name=ProcessorName("dispatch"),
    version=1,
    topic=SESSIONS,
    target=SESSIONS,
    reads=(InferenceRequested,),
    carry=carry,
)
