"""From an offer to a memory that can be recalled: who has to do what, and when it is done."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress

from cli.output import Bar
from cli.worker_metrics import indexed_positions
from processors.groups import considered
from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.memory import Content, MemoryPerceived, MemoryRecorded, MemoryRefused
from streams.io.client import Client
from streams.io.kafka.groups import Groups, Offsets
from streams.io.settings import Settings
from streams.log import Record
from streams.topics import MEMORY

WAIT_S = 600.0
LOOK_S = 0.1


def ends(client: Client) -> Offsets:
    """Return where the memory topic ends now."""
    return {
        p: client.log.span(MEMORY.name, p).end for p in range(client.log.partitions(MEMORY.name))
    }


def await_index(
    settings: Settings, client: Client, starts: Offsets, offers: Mapping[str, Content]
) -> tuple[int, list[str]]:
    """Wait until what was offered is decided, then perceived, then in the index.

    What an offer becomes stands behind it in the log, so the end is asked for after each step.
    Returns how many are new, and what was refused. Raises TimeoutError.
    """
    deadline = time.monotonic() + WAIT_S
    groups = Groups(settings.bootstrap, settings.kafka_options)
    outcomes = _Outcomes(client, offers)
    follower = client.log.follow({(MEMORY.name, p): at for p, at in starts.items()})
    with Bar("understanding and indexing", len(offers)) as bar, closing(follower):

        def until(step: str, reached: Callable[[], Offsets]) -> None:
            wanted = ends(client)
            while not _covers(reached(), wanted):
                if time.monotonic() > deadline:
                    late = f"{step} is not done after {WAIT_S:.0f} s"
                    raise TimeoutError(f"{late}; it goes on by itself: see `aether status`")
                bar.advance(outcomes.read(follower.take(LOOK_S)))

        def done(role: str) -> Callable[[], Offsets]:
            return lambda: considered(groups, settings.worker.group, role, MEMORY)

        until("to decide what is new", done("memory"))
        until("to understand it", done("perception"))
        until("to index it", lambda: indexed_positions(settings))
        until("to read it back", lambda: {p: at for (_, p), at in follower.positions().items()})
    return outcomes.new, outcomes.refused


class _Outcomes:
    """Reads what became of some offers."""

    def __init__(self, client: Client, offers: Mapping[str, Content]) -> None:
        self.new = 0
        self.refused: list[str] = []
        self._client = client
        self._offers = offers

    def read(self, records: Sequence[Record]) -> int:
        """Take note; return how many memories, anybody's, were understood."""
        perceived = 0
        for envelope in self._opened(records):
            event = envelope.event
            perceived += isinstance(event, MemoryPerceived)
            offered = self._offers.get(envelope.cause_id or "")
            if offered is not None and isinstance(event, MemoryRecorded):
                self.new += 1
            elif offered is not None and isinstance(event, MemoryRefused):
                place = " ".join(filter(None, (offered.uri, offered.section)))
                self.refused.append(f"{place}: {event.reason}: {event.detail}")
        return perceived

    def _opened(self, records: Sequence[Record]) -> Iterator[Envelope[object]]:
        for record in records:
            with suppress(Poison):  # not ours to judge: its readers park it
                if self._client.wire.codec.kind_of(record.value) is not None:
                    yield self._client.wire.open(record)


def _covers(reached: Offsets, wanted: Offsets) -> bool:
    return all(reached.get(partition, 0) >= end for partition, end in wanted.items())
