"""Records that nobody should have written, and what became of them."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from cli.apart import environment
from engines.supervisor import Supervisor
from streams import dead_letters as dl
from streams.envelope import PROCESSOR, SPEC_VERSION
from streams.errors import DeliveryFailed
from streams.events.memory import Content, Kind, MemoryOffered, MemoryRecorded
from streams.io import schemas
from streams.io.client import Client
from streams.io.codec import PREFIX
from streams.io.objects.directory import DirectoryStore
from streams.io.settings import ROOT, Settings
from streams.log import Draft, Headers, Record
from streams.topics import MEMORY
from tests.integration.grid.harness import Role, wait_until

PARTITION, KEY = 1, b"scope"
WITHIN_S = 60.0
WORKER = "reader"


class Bad(NamedTuple):
    """A record's parts; None and empty count."""

    value: bytes | None
    key: bytes | None = KEY
    headers: Headers = [SPEC_VERSION]  # noqa: RUF012 - never changed

    @property
    def draft(self) -> Draft:
        return Draft(MEMORY.name, PARTITION, self.key, self.value, self.headers)


def offered(text: str) -> MemoryOffered:
    """Return something worth remembering."""
    content = Content(
        kind=Kind.PASSAGE, text=text, title="", uri="", section="", speaker="", said_at_ms=None
    )
    return MemoryOffered(content=content)


def framed(schema_id: int, body: bytes) -> bytes:
    """Put bytes under a schema's id."""
    return PREFIX.pack(0, schema_id) + body


def register(settings: Settings, subject: str, schema: Any) -> int:
    """Register a schema as anybody may."""
    url = f"{settings.registry_url}/subjects/{subject}/versions"
    answer = httpx.post(url, json={"schema": json.dumps(schema)}, timeout=30)
    answer.raise_for_status()
    return int(answer.json()["id"])


def ours_with(*fields: Mapping[str, Any]) -> Any:
    """Return MemoryOffered's schema with more fields."""
    schema = json.loads(schemas.text_of(MemoryOffered))
    return {**schema, "fields": [*schema["fields"], *fields]}


def append(client: Client, draft: Draft) -> Record:
    """Append a record and return it as it stands in the log."""
    told: list[DeliveryFailed | None] = []
    assert client.log.append([draft], told.append) == 1
    assert client.log.flush(30) == 0
    assert told == [None]
    end = client.log.span(draft.topic, PARTITION).end
    records = [r for b in client.log.read(draft.topic, PARTITION, 0, end) for r in b]
    return next(r for r in reversed(records) if (r.key, r.value) == (draft.key, draft.value))


def await_recorded(client: Client, text: str) -> None:
    """Wait until a memory of this text is recorded in the partition of the bad records."""

    def recorded() -> bool:
        return text in texts(client)

    wait_until(recorded, WITHIN_S, f"{text!r} is not recorded")


def texts(client: Client) -> set[str]:
    """Return the texts that are recorded in that partition."""
    end = client.log.span(MEMORY.name, PARTITION).end
    found = set()
    for records in client.log.read(MEMORY.name, PARTITION, 0, end):
        for record in records:
            signed = PROCESSOR in dict(record.headers) and record.value is not None
            if signed and client.wire.codec.kind_of(record.value) is MemoryRecorded:
                found.add(client.wire.open(record).event.content.text)
    return found


def letters(client: Client, record: Record) -> list[Record]:
    """Return the dead letters of a record."""
    end = client.log.span(MEMORY.dead_letters, PARTITION).end
    at = str(record.offset).encode()
    return [
        letter
        for batch in client.log.read(MEMORY.dead_letters, PARTITION, 0, end)
        for letter in batch
        if dict(letter.headers)[dl.OFFSET] == at
    ]


def aether(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a person does."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "cli.main", *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def listed(settings: Settings, *arguments: str) -> Sequence[Mapping[str, Any]]:
    """Run a command that tells rows, and return them."""
    ended = aether(settings, *arguments, "-o", "json")
    assert ended.returncode == 0, ended.stderr
    rows: Sequence[Mapping[str, Any]] = json.loads(ended.stdout)
    return rows


class Grid(NamedTuple):
    """A grid with one worker that remembers, and its front door."""

    settings: Settings
    engines: Supervisor
    client: Client
    worker: Role

    @property
    def store(self) -> DirectoryStore:
        """The object store that the worker reads."""
        return DirectoryStore(self.settings.data_dir / WORKER / "objects")

    def value(self, text: str = "as good as any") -> bytes:
        """Return the bytes of a good event."""
        return self.client.wire.codec.encode(offered(text))

    def goes_on(self) -> None:
        """See that a good event behind everything else is recorded, by the worker of always."""
        text = f"good {uuid.uuid4()}"
        append(self.client, Bad(self.value(text)).draft)
        await_recorded(self.client, text)
        process = self.worker.process
        assert process is not None
        assert process.returncode() is None, self.worker.tail()


def parked(grid: Grid, bad: Bad) -> Record:
    """Append a bad record and a good one; return the bad one's letter once the good is recorded."""
    record = append(grid.client, bad.draft)
    grid.goes_on()
    (letter,) = letters(grid.client, record)
    assert (letter.key, letter.value) == (record.key, record.value)
    assert letter.headers[: len(record.headers)] == record.headers
    head = dict(letter.headers)
    assert (head[dl.TOPIC], head[dl.PARTITION]) == (MEMORY.name.encode(), b"%d" % PARTITION)
    assert (head[PROCESSOR], head[dl.ATTEMPT]) == (b"intake", b"1")
    return letter


class registry_away:  # noqa: N801 - reads as a `with`
    """Keeps the registry stopped for the length of a block."""

    def __init__(self, grid: Grid) -> None:
        self._engines = grid.engines

    def __enter__(self) -> None:
        self._engines.hold(["registry"])
        self._until(lambda: "registry" not in self._engines.pids())

    def __exit__(self, *_: object) -> None:
        self._engines.hold([])
        self._until(lambda: self._engines.is_ready)

    def _until(self, condition: Callable[[], bool]) -> None:
        def ticked() -> bool:
            self._engines.tick()
            return condition()

        wait_until(ticked, 120, "the registry does not do as it is told")
