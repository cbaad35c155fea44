"""A steady load of memories offered to many scopes, and what became of them in the log.

Every content is offered twice, the second time a while later: only a worker that knows what was
recorded before, by whomever, records it once.
"""

import threading
import time
from collections import Counter
from typing import NamedTuple, Self

from processors.memory.decider import memory_id
from streams.envelope import ID, SOURCE
from streams.events.memory import Content, Kind, MemoryOffered, MemoryRecorded
from streams.ids import EventId, MemoryId, derived
from streams.io.client import Client
from streams.log import Record
from streams.topics import MEMORY
from tests.integration.grid.harness import Watch, everything

RATE = 150.0
SCOPES = 40
#: How many offers later a content is offered again.
AGAIN = 200


def content(number: int) -> Content:
    """Return a content of its own."""
    text = f"memory {number}"
    return Content(
        kind=Kind.PASSAGE, text=text, title="t", uri="u", section="", speaker="", said_at_ms=None
    )


class Offers:
    """Offers in a thread while its block lasts; `name` keeps it apart from other tests' offers."""

    def __init__(self, client: Client, name: str) -> None:
        self.count = 0
        self._client = client
        self._name = name
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._offer, daemon=True)

    def scope(self, number: int) -> str:
        """Return where a content belongs."""
        return f"{self._name}-{number % SCOPES}"

    @property
    def expected(self) -> Counter[MemoryId]:
        """What must be recorded, each once."""
        return Counter(memory_id(self.scope(n), content(n)) for n in range(self.count))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._halt.set()
        self._thread.join()
        self._client.flush()

    def _offer(self) -> None:
        began = time.monotonic()
        while not self._halt.wait(max(0.0, began + self.count / RATE - time.monotonic())):
            self._send(self.count, turn=1)
            self.count += 1
            if self.count > AGAIN:
                self._send(self.count - 1 - AGAIN, turn=2)

    def _send(self, number: int, turn: int) -> None:
        event_id = EventId(derived(self._name, number, turn))
        event = MemoryOffered(content=content(number))
        self._client.send(MEMORY, self.scope(number), event, event_id)


class Memory(NamedTuple):
    """A memory as one record has it; `node` says which worker wrote it."""

    event_id: bytes
    memory_id: MemoryId
    partition: int
    node: str
    at_ms: int


def memories(client: Client, records: list[Record], name: str = "") -> list[Memory]:
    """Return the memories among some records, those of one test's scopes."""
    return [
        Memory(
            dict(record.headers)[ID],
            client.wire.open(record).event.memory_id,
            record.partition,
            dict(record.headers)[SOURCE].decode().split("/")[2],
            record.timestamp_ms,
        )
        for record in records
        if client.wire.codec.kind_of(record.value) is MemoryRecorded
        and (record.key or b"").startswith(name.encode())
    ]


def recorded(client: Client, name: str) -> Counter[MemoryId]:
    """Return what was recorded for a test, and how often under different ids."""
    by_id: dict[bytes, MemoryId] = {}
    for memory in memories(client, everything(client, MEMORY), f"{name}-"):
        assert by_id.setdefault(memory.event_id, memory.memory_id) == memory.memory_id
    return Counter(by_id.values())


class Progress:
    """How many different memories were recorded since it began."""

    def __init__(self, client: Client) -> None:
        self.memories: list[Memory] = []
        self._client = client
        self._ids: set[bytes] = set()
        self._watch = Watch(client, MEMORY)

    def look(self) -> int:
        """Look what is new, and return how many there are."""
        new = memories(self._client, self._watch.look())
        self.memories += new
        self._ids.update(memory.event_id for memory in new)
        return len(self._ids)

    def close(self) -> None:
        """Look no more."""
        self._watch.close()
