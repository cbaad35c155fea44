"""All clients produce at once into one topic, and each reads back what all of them wrote.

What is in the log is checked with the grid's own floors: nothing lost, nothing in the wrong
partition, the order of every key kept, and every client reads the same.
"""

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from streams.envelope import Envelope
from streams.events.sessions import RunFailed
from streams.io.codec import Codec, subject_of
from streams.io.kafka.log import KafkaLog
from streams.io.kafka.topics import create_topics
from streams.io.objects.directory import DirectoryStore
from streams.io.registry import ConfluentRegistry
from streams.io.schemas import text_of
from streams.io.settings import Settings
from streams.io.wire import Wire
from streams.log import Record
from streams.partitioner import partition_of
from streams.topics import SESSIONS, Topic
from tests.conformance.clients import Client

KEYS = 500
LATE_S = 600


class Flood(NamedTuple):
    """What came of it: what each client says, by language, and what is wrong with the log."""

    produced: dict[str, dict[str, Any]]
    read: dict[str, dict[str, Any]]
    faults: list[str]


def flood(settings: Settings, clients: Sequence[Client], each: int, name: str) -> Flood:
    """Let every client produce `each` events, all at once, then read all of them."""
    topic = Topic(name=f"aether.{name}.events", key="key")
    create_topics(settings.bootstrap, settings.kafka_options, replication=1, topics=[topic])
    with closing(ConfluentRegistry(settings.registry_url)) as registry:
        registry.register(subject_of(topic.name, RunFailed), text_of(RunFailed))
    produced = _all(
        settings, clients, lambda one: ("flood", topic.name, str(each), str(KEYS), one.language)
    )
    read = _all(settings, clients, lambda _: ("drain", topic.name))
    found = _found(settings, topic)
    expected = {"count": len(found), "digest": _digest(found)}
    faults = [*_lost(found, clients, each), *_misplaced(found, topic), *_disordered(found)]
    faults += [f"{one} reads {told}" for one, told in read.items() if told != expected]
    faults += [f"{one} lost {told['lost']}" for one, told in produced.items() if told["lost"]]
    return Flood(produced, read, faults)


def _all(settings: Settings, clients: Sequence[Client], command: Any) -> dict[str, Any]:
    """Run a command of every client's agent, all at once."""
    given = (settings.bootstrap, settings.registry_url)
    running = {one.language: one.ready().start(*given, *command(one)) for one in clients}
    try:
        return {language: _said(language, agent) for language, agent in running.items()}
    finally:
        for agent in running.values():
            if agent.poll() is None:
                agent.kill()
                agent.wait()


def _said(language: str, agent: "subprocess.Popen[str]") -> Any:
    out, err = agent.communicate(timeout=LATE_S)
    if agent.returncode != 0:
        raise RuntimeError(f"the agent in {language} failed: {err[-4_000:]}")
    return json.loads(out)


def _found(settings: Settings, topic: Topic) -> list[Envelope[RunFailed]]:
    """Return every event of the topic, partition by partition; of one id the first counts."""
    with closing(ConfluentRegistry(settings.registry_url)) as registry:
        codec = Codec(registry)
        codec.learn(SESSIONS)
        wire = Wire(codec, DirectoryStore(settings.data_dir / "objects"))
        log = KafkaLog(settings.bootstrap, None, settings.kafka_options)
        unique = {
            envelope.event_id: envelope
            for envelope in reversed([wire.open(_known(codec, r)) for r in _records(log, topic)])
        }
        log.close()
        return list(reversed(unique.values()))


def _records(log: KafkaLog, topic: Topic) -> Iterator[Record]:
    for partition in range(topic.partitions):
        span = log.span(topic.name, partition)
        for batch in log.read(topic.name, partition, *span):
            yield from batch


def _known(codec: Codec, record: Record) -> Record:
    assert codec.kind_of(record.value) is RunFailed
    return record


def _digest(found: Sequence[Envelope[RunFailed]]) -> str:
    """Return what the agents' `drain` says of the same events."""
    digest = hashlib.sha256()
    for one in found:
        line = (
            one.partition,
            one.offset,
            one.key,
            one.event_id,
            one.event.run_id,
            one.event.detail,
        )
        digest.update(("\t".join(map(str, line)) + "\n").encode())
    return digest.hexdigest()


def _lost(found: Sequence[Envelope[RunFailed]], clients: Sequence[Client], each: int) -> list[str]:
    wanted = Counter((str(one.language), str(n)) for one in clients for n in range(each))
    there = Counter((str(one.event.run_id), one.event.detail) for one in found)
    return [f"{there[what]} times {what}" for what in wanted | there if there[what] != wanted[what]]


def _misplaced(found: Sequence[Envelope[RunFailed]], topic: Topic) -> list[str]:
    return [
        f"{one.key} of {one.event.run_id} is in partition {one.partition}"
        for one in found
        if one.partition != partition_of(one.key.encode(), topic.partitions)
    ]


def _disordered(found: Sequence[Envelope[RunFailed]]) -> list[str]:
    last: dict[tuple[str, str], int] = {}
    faults = []
    for one in found:
        stream, number = (one.event.run_id, one.key), int(one.event.detail)
        if number <= last.get(stream, -1):
            faults.append(f"{number} of {stream} comes after {last[stream]}")
        last[stream] = number
    return faults
