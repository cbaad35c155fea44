"""What was released and must be readable for ever: bytes of every schema version, and a history.

`events.jsonl` has one line per version of an event's schema, `history.jsonl` a recorded log, and
`hashes.json` what the log folds to; `history-2.jsonl` and so on are by later versions of deciders.
`record.py` adds to them; nothing ever changes a line.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastavro.schema import to_parsing_canonical_form

from streams.envelope import CAUSE, PROCESSOR, origin_of
from streams.io import schemas
from streams.io.codec import PREFIX, Codec
from streams.io.memory_log import MemoryBroker, MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import Snapshot
from streams.io.standing import AnyDecider, Standing
from streams.io.wire import Wire
from streams.log import Draft, Record
from streams.topics import EVENT_TOPICS
from tests.fakes import NumberedRegistry

FOLDER = Path(__file__).parent
EVENTS, HISTORY, HASHES = (FOLDER / n for n in ("events.jsonl", "history.jsonl", "hashes.json"))

#: Large payloads are no part of this.
NOWHERE = DirectoryStore(FOLDER / "nowhere")


class Released(NamedTuple):
    """A version of an event's schema, an event written with it, and what that says."""

    event: str
    version: int
    schema: Any
    body: bytes
    says: Any

    @property
    def canonical(self) -> str:
        """What of the schema decides about bytes."""
        return canonical(self.schema)


def canonical(schema: Any) -> str:
    """Return Avro's canonical form: without documentation and defaults."""
    form: str = to_parsing_canonical_form(schema)
    return form


def current(kind: type) -> Any:
    """Return the schema an event class has now."""
    return json.loads(schemas.text_of(kind))


def lines(path: Path) -> Iterator[Any]:
    """Yield what a file holds, if it is there."""
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def released() -> list[Released]:
    """Return every schema version there ever was."""
    return [
        Released(
            line["event"], line["version"], line["schema"], unpacked(line["bytes"]), line["says"]
        )
        for line in lines(EVENTS)
    ]


def packed(content: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(content).decode()


def unpacked(text: str) -> bytes:
    """Return the bytes of a text."""
    return base64.b64decode(text)


class Reading(NamedTuple):
    """A codec that was told nothing but the released schemas, by their numbers."""

    codec: Codec
    numbers: dict[tuple[str, int], int]

    def value(self, event: str, version: int, body: bytes) -> bytes:
        """Return a record's value."""
        return PREFIX.pack(0, self.numbers[event, version]) + body


def reading() -> Reading:
    """Return a reader of all that was released."""
    registry, numbers = NumberedRegistry(), dict[tuple[str, int], int]()
    for one in released():
        numbers[one.event, one.version] = registry.register(one.event, json.dumps(one.schema))
    return Reading(Codec(registry), numbers)


def histories() -> list[Path]:
    """Return every recorded history, the first first."""
    return sorted(FOLDER.glob("history*.jsonl"), key=lambda path: (len(path.name), path.name))


def decided_in(history: Path) -> set[str]:
    """Return the deciders that decided in a history, as `name/version`."""
    heads = (dict(line["headers"]) for line in lines(history))
    return {head[PROCESSOR] for head in heads if CAUSE in head}


def recorded_log(history: Path = HISTORY) -> tuple[MemoryLog, Wire]:
    """Return a recorded history as a log, and what reads it."""
    reader, log = reading(), MemoryLog(MemoryBroker({t.name: 1 for t in EVENT_TOPICS}))
    for line in lines(history):
        value = reader.value(line["event"], line["version"], unpacked(line["bytes"]))
        head = [(name, said.encode()) for name, said in line["headers"]]
        draft = Draft(line["topic"], 0, line["key"].encode(), value, head)
        assert log.append([draft], lambda _: None) == 1
    log.flush(1)
    return log, Wire(reader.codec, NOWHERE)


def records(log: MemoryLog, topic: str) -> list[Record]:
    """Return what a topic holds."""
    return [record for batch in log.read(topic, 0, *log.span(topic, 0)) for record in batch]


def folded(decider: AnyDecider, log: MemoryLog, wire: Wire) -> str:
    """Return the hash of what a decider knows at the log's end."""
    standing = Standing(decider, wire, Snapshot(0, []))
    for record in records(log, decider.topic.name):
        kind = wire.codec.kind_of(record.value)
        if kind in standing.recalls:
            head = dict(record.headers)
            standing.recall(record, kind, head, origin_of(head, record.offset), facts=True)
    return standing.hash()


def name_of(decider: AnyDecider) -> str:
    """Return a decider's name with its version: what it knows may look otherwise in the next."""
    return f"{decider.name}.{decider.version}"


def hashes() -> dict[str, str]:
    """Return the recorded hash of every decider's version there was."""
    found: dict[str, str] = json.loads(HASHES.read_text()) if HASHES.exists() else {}
    return found
