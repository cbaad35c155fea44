"""Every topic there is: its name, what its key means and how long it remembers.

A topic's partition count is fixed for ever, because a key's stream must never move.
"""

import re
from dataclasses import dataclass

#: Reserved key of facts that concern a whole partition; no session or scope may use it.
GRID_KEY = "@grid"

DEAD_LETTER_SUFFIX = ".dlq"
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A set of totally ordered streams, one per key; `retention_ms` of None means for ever."""

    name: str
    key: str
    retention_ms: int | None = None
    partitions: int = 4

    @property
    def dead_letters(self) -> str:
        """The name of the topic where its poison is parked."""
        return self.name + DEAD_LETTER_SUFFIX


SESSIONS = Topic(name="aether.sessions.events", key="session")
MEMORY = Topic(name="aether.memory.events", key="scope")
REGISTRY = Topic(name="aether.registry.events", key="capability", partitions=1)
#: Runs told again: not part of the truth, which nobody may change.
FORKS = Topic(name="aether.forks.events", key="fork")
#: What was sealed away: the heads of chains whose segments lie in the object store.
ARCHIVE = Topic(name="aether.archive.events", key="topic/partition", partitions=1)
#: What the grid learns from; its one stream per target is read front to back by every training.
TUNING = Topic(name="aether.tuning.events", key="target", partitions=1)
#: The key of everything that tunes the router.
ROUTER_KEY = "router"
SUBSCRIPTIONS = Topic(name="aether.subscriptions.events", key="node", partitions=1)
#: What subscribed nodes hear of lies on `matches_of(node)`; this one gives the events their schema.
MATCHES = Topic(name="aether.matches.events", key="session", partitions=1)
#: What is seen of the grid: lag, probes. Every decision about one group needs no other group's.
OBSERVATIONS = Topic(name="aether.observations.events", key="subject", partitions=1)
#: Probes on their way to whoever answers them: nothing else, and not part of the truth.
PROBES = Topic(name="aether.probes", key="probe", retention_ms=HOUR_MS, partitions=1)
PROBE_KEY = "probe"
#: Tokens on their way to a browser: not part of the truth, the completed event holds the text.
CHUNKS = Topic(name="aether.chunks", key="run", retention_ms=HOUR_MS)

#: The topics whose records are the truth.
EVENT_TOPICS = (SESSIONS, MEMORY, REGISTRY, TUNING, SUBSCRIPTIONS, MATCHES, OBSERVATIONS)

#: Every topic of the grid.
TOPICS = (*EVENT_TOPICS, FORKS, ARCHIVE, PROBES, CHUNKS)


INBOX = "aether.inbox."
#: A node's name, which is also that of what it serves.
NODE = "[a-z0-9][a-z0-9-]{0,62}"
#: A card whose model is named so is answered by nodes, in any language.
WORK = re.compile(f"work/({NODE})")


def work_of(model: str) -> Topic | None:
    """Return the topic on which nodes are asked for `work/{name}`; None for any other model."""
    named = WORK.fullmatch(model)
    if named is None:
        return None
    return Topic(name=f"aether.work.{named[1]}", key="session")


def inbox_of(node: str) -> Topic:
    """Return the topic on which a node sends what it has to say, if it may write nowhere else."""
    return Topic(name=INBOX + node, key="session")


def matches_of(node: str) -> Topic:
    """Return the topic on which a node hears of what it subscribed to."""
    return Topic(name=f"aether.matches.{node}", key="session", partitions=1)
