"""What a fold costs a core, without the log it is read from.

A fold is one recorded event of a decider's own: read from its bytes, checked, and taken into the
state of its key, by the code with which workers restart. `evolve` is the pure function alone. Both
are timed batch by batch, as they are read from Kafka: what a batch is made of is near the core.
"""

import time
from collections import defaultdict
from typing import Any

from benchmarks.systems.history import DECIDERS
from replay.rebuild import few_collections
from streams.envelope import Decision, Head, Origin, origin_of
from streams.io.snapshots import Snapshot
from streams.io.standing import Standing
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.topics import SESSIONS

#: A record of a decider's own, with what is known of it before it is opened.
Own = tuple[Record, type, Head, Origin]


def folding(log: EventLog, wire: Wire) -> dict[str, float]:
    """Fold every decision in the log, twice."""
    folds, folded_s, evolved_s = 0, 0.0, 0.0
    with few_collections():
        for partition in range(SESSIONS.partitions):
            standings = {d.name: Standing(d, wire, Snapshot(0, [])) for d in DECIDERS}
            states: dict[str, dict[str, Any]] = defaultdict(dict)
            for records in log.read(SESSIONS.name, partition, 0, _end(log, partition)):
                mine = [own for record in records if (own := _own(record, wire)) is not None]
                folds += len(mine)
                folded_s += _fold(standings, mine)
                evolved_s += _evolve(states, mine, wire)
    return {"folds_per_core_s": folds / folded_s, "evolves_per_core_s": folds / evolved_s}


def _end(log: EventLog, partition: int) -> int:
    return log.span(SESSIONS.name, partition).end


def _own(record: Record, wire: Wire) -> Own | None:
    head = dict(record.headers)
    origin, kind = origin_of(head, record.offset), wire.codec.kind_of(record.value)
    return (record, kind, head, origin) if kind and type(origin) is Decision else None


def _fold(standings: dict[Any, Standing], mine: list[Own]) -> float:
    due = [(standings[own[3].processor], *own) for own in mine if own[3] is not None]
    began = time.thread_time()
    for standing, record, kind, head, origin in due:
        standing.recall(record, kind, head, origin, facts=False)
    return time.thread_time() - began


def _evolve(states: dict[str, dict[str, Any]], mine: list[Own], wire: Wire) -> float:
    deciders = {decider.name: decider for decider in DECIDERS}
    due = [
        (
            deciders[origin.processor],
            states[origin.processor],
            *wire.told(record, head, wire.codec.decode),
        )
        for record, _, head, origin in mine
        if origin is not None
    ]
    began = time.thread_time()
    for decider, known, key, event in due:
        known[key] = decider.evolve(known.get(key, decider.initial), event)
    return time.thread_time() - began
