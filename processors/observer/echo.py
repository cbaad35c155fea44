"""The echo: a worker that reads a probe says so; the way there and back is every record's way."""

from collections.abc import Iterable

from processors.links import Carried, Link
from streams.envelope import Envelope
from streams.events.probes import ProbeAnswered, ProbeSent
from streams.ids import ProcessorName
from streams.topics import OBSERVATIONS, PROBES


def answer(cause: Envelope[ProbeSent], _: int) -> Iterable[Carried]:
    """Answer a probe."""
    number, at_ms = cause.event.number, cause.recorded_at_ms
    return [Carried(cause.key, ProbeAnswered(number=number, sent_at_ms=at_ms))]


ECHO = Link(
    name=ProcessorName("echo"),
    version=1,
    topic=PROBES,
    target=OBSERVATIONS,
    reads=(ProbeSent,),
    carry=answer,
)
