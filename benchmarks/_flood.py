"""All clients and HTTP produce at once into one topic, and each client reads all of it back.

What is in the log is checked with the grid's own floors: nothing lost, nothing in the wrong
partition, the order of every key kept, and every client reads the same.
"""

import hashlib
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from streams.envelope import Envelope
from streams.events.memory import RecallJudged
from streams.ids import derived
from streams.io.client import Client as Door
from streams.io.schemas import ce_type
from streams.io.settings import Settings
from streams.partitioner import partition_of
from streams.topics import MEMORY
from tests.conformance.clients import Client

HTTP = "http"
KEYS = 500
BATCH = 500
LATE_S = 600

Judged = Envelope[RecallJudged]


class Flood(NamedTuple):
    """What came of it: what each author says, what each reader read, and what is wrong."""

    produced: dict[str, dict[str, Any]]
    read: dict[str, dict[str, Any]]
    faults: list[str]


def flood(settings: Settings, clients: Sequence[Client], each: int) -> Flood:
    """Let every client and HTTP produce `each` events, all at once; then all clients read them."""
    produced: dict[str, dict[str, Any]] = {}
    posting = threading.Thread(target=lambda: produced.update({HTTP: _post(settings, each)}))
    posting.start()
    produced |= _all(settings, clients, lambda one: ("flood", str(each), str(KEYS), one.language))
    posting.join()
    read = _all(settings, clients, lambda _: ("drain",))
    found = _found(settings)
    authors = [HTTP, *(client.language for client in clients)]
    expected = {"count": len(found), "digest": _digest(found)}
    faults = [*_lost(found, authors, each), *_misplaced(found), *_disordered(found)]
    faults += [f"{one} reads {told}" for one, told in read.items() if told != expected]
    faults += [f"{one} lost {told['lost']}" for one, told in produced.items() if told["lost"]]
    return Flood(produced, read, faults)


def _all(
    settings: Settings, clients: Sequence[Client], command: Callable[[Client], tuple[str, ...]]
) -> dict[str, dict[str, Any]]:
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


def _said(language: str, agent: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = agent.communicate(timeout=LATE_S)
    if agent.returncode != 0:
        raise RuntimeError(f"the agent in {language} failed: {err[-4_000:]}")
    told: dict[str, Any] = json.loads(out)
    return told


def _post(settings: Settings, each: int) -> dict[str, Any]:
    """Produce over HTTP, one batch after the other."""
    address = f"{settings.gateway_url}/api/events/{MEMORY.name}"
    kind = {"content-type": "application/cloudevents-batch+json"}
    began, sent = time.monotonic(), 0
    for start in range(0, each, BATCH):
        batch = [_cloud_event(number) for number in range(start, min(start + BATCH, each))]
        asked = Request(address, json.dumps(batch).encode(), kind)
        with urlopen(asked, timeout=LATE_S) as answer:
            sent += len(json.load(answer)["data"])
    return {"sent": sent, "lost": each - sent, "seconds": time.monotonic() - began}


def _cloud_event(number: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": derived(HTTP, number),
        "source": "/flood",
        "type": ce_type(RecallJudged),
        "partitionkey": f"ключ-{number % KEYS}",
        "datacontenttype": "application/json",
        "data": {"question": HTTP, "scopes": [], "useful": [str(number)]},
    }


def _found(settings: Settings) -> list[Judged]:
    """Return what was flooded, partition by partition; of one id the first counts."""
    unique: dict[str, Judged] = {}
    with Door(settings, [MEMORY]) as door:
        for partition in range(MEMORY.partitions):
            span = door.log.span(MEMORY.name, partition)
            for batch in door.log.read(MEMORY.name, partition, *span):
                for record in batch:
                    if door.wire.codec.kind_of(record.value) is RecallJudged:
                        opened = door.wire.open(record)
                        unique.setdefault(opened.event_id, opened)
    return list(unique.values())


def _number(one: Judged) -> str:
    return one.event.useful[0]


def _digest(found: Sequence[Judged]) -> str:
    """Return what the agents' `drain` says of the same events."""
    digest = hashlib.sha256()
    for one in found:
        place = (one.partition, one.offset, one.key, one.event_id)
        line = "\t".join(map(str, (*place, one.event.question, _number(one))))
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _lost(found: Sequence[Judged], authors: Sequence[str], each: int) -> list[str]:
    wanted = Counter((author, str(number)) for author in authors for number in range(each))
    there = Counter((one.event.question, _number(one)) for one in found)
    return [f"{there[what]} times {what}" for what in wanted | there if there[what] != wanted[what]]


def _misplaced(found: Sequence[Judged]) -> list[str]:
    return [
        f"{one.key} of {one.event.question} is in partition {one.partition}"
        for one in found
        if one.partition != partition_of(one.key.encode(), MEMORY.partitions)
    ]


def _disordered(found: Sequence[Judged]) -> list[str]:
    last: dict[tuple[str, str], int] = {}
    faults = []
    for one in found:
        stream, number = (one.event.question, one.key), int(_number(one))
        if number <= last.get(stream, -1):
            faults.append(f"{number} of {stream} comes after {last[stream]}")
        last[stream] = number
    return faults
