"""`aether ingest`: offers what a folder holds to a scope, and waits until it can be recalled."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import click

from cli.documents import contents_of, files_in
from cli.output import Bar, emit_one, formatted, say
from cli.worker_metrics import indexed_positions
from streams.errors import Misconfigured, Undecodable
from streams.events.memory import Content, MemoryOffered, MemoryPerceived
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.io.kafka.groups import Groups, Offsets
from streams.io.settings import Settings, read_settings
from streams.log import Record
from streams.topics import MEMORY

GRID = "grid"
WAIT_S = 600.0
LOOK_S = 0.1
GROUPS = "aether."


class Ingested(NamedTuple):
    """What came of it: `skipped` names the files that could not be read, with the reason."""

    files: int
    passages: int
    skipped: tuple[str, ...]
    seconds: float


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--scope", default=GRID, help="Who may recall it: `grid`, or `session:NAME`.")
@formatted
def ingest(path: Path, scope: str, output: str) -> int:
    """Let the grid remember a folder of Markdown, text or chats (JSON lines), or one file.

    What it remembers already is not remembered twice. Exit code 1 if a file could not be read.
    """
    done = ingest_folder(read_settings(), path, scope)
    for reason in done.skipped:
        say(f"skipped: {reason}", fg="yellow")
    text = f"{done.passages} passages of {done.files} files in {done.seconds:.1f} s"
    emit_one(output, done._asdict(), text)
    return 1 if done.skipped else 0


def ingest_folder(settings: Settings, path: Path, scope: str = GRID) -> Ingested:
    """Offer everything in `path`; return once it can be recalled.

    Raises Misconfigured if there is nothing to read, TimeoutError if it takes too long.
    """
    began = time.monotonic()
    contents, files, skipped = _read(path)
    with Client(settings) as client:
        starts = _ends(client)
        with Bar("offering passages", len(contents)) as bar:
            for content in contents:
                event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
                client.send(MEMORY, scope, MemoryOffered(content=content), event_id)
                bar.advance(1)
            client.flush()
        _await_index(settings, client, starts, len(contents))
    return Ingested(files, len(contents), tuple(skipped), round(time.monotonic() - began, 1))


def _read(path: Path) -> tuple[list[Content], int, list[str]]:
    contents: list[Content] = []
    skipped: list[str] = []
    files = files_in(path)
    for file in files:
        uri = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            contents += contents_of(file, uri)
        except Undecodable as error:
            skipped.append(str(error))
    if not files:
        raise Misconfigured(
            f"{path} holds nothing to read", fix="give Markdown, text or JSON lines"
        )
    return contents, len(files) - len(skipped), skipped


def _await_index(settings: Settings, client: Client, starts: Offsets, passages: int) -> None:
    """Wait until what was offered is decided, then perceived, then in the index.

    What an offer becomes stands behind it in the log, so the end is asked for after each step.
    """
    deadline = time.monotonic() + WAIT_S
    groups = Groups(settings.bootstrap, settings.kafka_options)
    follower = client.log.follow({(MEMORY.name, p): at for p, at in starts.items()})
    with Bar("understanding and indexing", passages) as bar, closing(follower):

        def until(reached: Callable[[], Offsets]) -> None:
            ends = _ends(client)
            while not _covers(reached(), ends):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not indexed after {WAIT_S:.0f} s: see `aether status`")
                bar.advance(_perceived(client, follower.take(LOOK_S)))

        until(lambda: _done(groups, client))
        until(lambda: _done(groups, client))
        until(lambda: indexed_positions(settings))


def _covers(reached: Offsets, ends: Offsets) -> bool:
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())


def _perceived(client: Client, records: Sequence[Record]) -> int:
    kinds = [client.wire.codec.kind_of(record.value) for record in records if record.value]
    return kinds.count(MemoryPerceived)


def _done(groups: Groups, client: Client) -> Offsets:
    """Return up to where every group of the grid that reads the memory topic is done with it."""
    partitions = client.log.partitions(MEMORY.name)
    found = [groups.committed(name, MEMORY.name, partitions) for name in groups.named(GROUPS)]
    reading = [offsets for offsets in found if offsets]
    return {
        p: min((offsets.get(p, 0) for offsets in reading), default=0) for p in range(partitions)
    }


def _ends(client: Client) -> Offsets:
    return {
        p: client.log.span(MEMORY.name, p).end for p in range(client.log.partitions(MEMORY.name))
    }
