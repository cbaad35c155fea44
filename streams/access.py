"""Who may do what on Kafka: two kinds of principal, the grid itself and a node outside of it.

A node writes to its inbox alone. It reads the topics on which it may say something, to see what
becomes of that, what it is asked, and what it subscribed to.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from streams.events.offered import OFFERED
from streams.topics import CHUNKS, inbox_of, matches_of


class Resource(StrEnum):
    """What a right is about, in Kafka's words."""

    TOPIC = "topic"
    GROUP = "group"


class Right(NamedTuple):
    """Some operations on what has a name, or on all whose names begin with it."""

    resource: Resource
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False


READ, WRITE = ("read", "describe"), ("write", "describe")

#: The grid's own principal: its topics and groups are its own, and of all others it sees the lag.
GRID: Sequence[Right] = (
    Right(Resource.TOPIC, "aether.", ("all",), prefixed=True),
    Right(Resource.GROUP, "aether.", ("all",), prefixed=True),
    Right(Resource.TOPIC, "*", ("read", "describe")),
    Right(Resource.GROUP, "*", ("describe",)),
)


def of_node(node: str) -> Sequence[Right]:
    """Return the rights of a node."""
    work = f"aether.work.{node}"
    read = (*OFFERED, CHUNKS.name, work, matches_of(node).name)
    return (
        Right(Resource.TOPIC, inbox_of(node).name, WRITE),
        *(Right(Resource.TOPIC, topic, READ) for topic in read),
        Right(Resource.GROUP, work, READ),
        Right(Resource.GROUP, "aether.clients", READ, prefixed=True),
    )
