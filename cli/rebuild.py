"""`aether rebuild`: throws away what was derived from the log, and makes it anew.

While it runs, the worker of a running grid is held; requests wait in the log meanwhile.
"""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import click

from cli import state
from cli.grid import WORKER
from cli.output import Bar, emit, formatted, say
from processors.adapters.opened import INDEX_FOLDER, Adapters
from processors.app import DECIDERS, SNAPSHOTS_FOLDER
from processors.recall.projection import IndexProjection
from replay.memories import unperceived
from replay.rebuild import Positions, Rebuilder, Rebuilt
from streams.errors import Misconfigured, ModelAway
from streams.ids import EventId, derived
from streams.io.client import Client
from streams.io.kafka.groups import Groups
from streams.io.settings import Settings, read_settings
from streams.io.snapshots import SnapshotFolder
from streams.topics import EVENT_TOPICS, MEMORY

HOLD_S = 60.0
LOOK_S = 0.1


class Outcome(NamedTuple):
    """What a rebuild came to: every decider's partitions, and the index."""

    states: list[Rebuilt]
    memories: int
    memories_before: int
    seconds: float

    @property
    def same(self) -> bool:
        """Whether everything is as it was."""
        return all(s.same for s in self.states) and self.memories == self.memories_before


@click.command()
@formatted
def rebuild(output: str) -> int:
    """Delete all state, fold it anew from the log, and compare; exit code 3 if it differs."""
    settings = read_settings()
    with held(settings):
        done = rebuild_all(settings)
    emit(output, [_row(state_) for state_ in done.states], COLUMNS)
    records = sum(s.records for s in done.states)
    say(f"{records} records folded and {done.memories} memories indexed in {done.seconds:.1f} s")
    say("everything is as it was" if done.same else "SOMETHING DIFFERS", bold=True)
    return 0 if done.same else 3


COLUMNS = ["decider", "partition", "keys", "records", "events_per_s", "hash", "as_before"]


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Hold the worker of the grid that runs here, if one does, and let it start again after."""
    if state.read(settings) is None:
        yield
        return
    hold = state.hold_file(settings)
    hold.write_text(WORKER)
    try:
        deadline = time.monotonic() + HOLD_S
        while (running := state.read(settings)) is not None and WORKER in running.processes:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the worker does not end within {HOLD_S:.0f} s")
            time.sleep(LOOK_S)
        yield
    finally:
        hold.unlink()


def rebuild_all(settings: Settings) -> Outcome:
    """Rebuild snapshots and index; no worker may run on this data directory."""
    began = time.monotonic()
    home = settings.data_dir / SNAPSHOTS_FOLDER
    aside = home.with_name(f"{SNAPSHOTS_FOLDER}.before")
    before = asyncio.run(_count(settings))
    shutil.rmtree(settings.data_dir / INDEX_FOLDER, ignore_errors=True)
    shutil.rmtree(aside, ignore_errors=True)
    if home.exists():
        home.rename(aside)
    with Client(settings) as client:
        states = _fold(settings, client, SnapshotFolder(aside), SnapshotFolder(home))
        with Bar("filling the index", before) as bar:
            memories = asyncio.run(_refill(settings, client))
            bar.advance(memories)
        perceive_again(client, asyncio.run(_encoder(settings)))
    shutil.rmtree(aside, ignore_errors=True)
    return Outcome(states, memories, before, time.monotonic() - began)


def perceive_again(client: Client, encoder: str | None) -> None:
    """Ask the encoder that is served now for the vectors that it has not made yet.

    Vectors of another encoder stay in the log and are never compared with its own. To ask twice
    changes nothing: the request's id follows from the memory and the encoder.
    """
    if encoder is None:
        say("no encoder is served: whether memories lack its vectors is not known", fg="yellow")
        return
    missing = unperceived(client.log, client.wire, encoder)
    for scope, request in missing:
        event_id = EventId(derived("perception", request.memory_id, encoder))
        client.send(MEMORY, scope, request, event_id)
    client.flush()
    if missing:
        say(f"{len(missing)} memories are perceived anew, by the encoder that is served now")


async def _encoder(settings: Settings) -> str | None:
    """Return the name of the encoder that is served now."""
    adapters = Adapters(settings)
    try:
        return (await adapters.encoder.encode(["who are you"])).encoder
    except (ModelAway, Misconfigured):
        return None
    finally:
        await adapters.close()


def _fold(
    settings: Settings, client: Client, known: SnapshotFolder, fresh: SnapshotFolder
) -> list[Rebuilt]:
    log = client.log
    places = [(t.name, p) for t in EVENT_TOPICS for p in range(log.partitions(t.name))]
    spans = [log.span(*place) for place in places]
    with Bar("folding the log", sum(span.end - span.first for span in spans)) as bar:
        rebuilder = Rebuilder(
            log, client.wire, known, fresh, _considered(settings, client), bar.advance
        )
        return list(rebuilder.rebuild(DECIDERS))


def _considered(settings: Settings, client: Client) -> Positions:
    """Return up to where the grid's group is done."""
    groups = Groups(settings.bootstrap, settings.kafka_options)
    return {
        (topic.name, partition): offset
        for topic in EVENT_TOPICS
        for partition, offset in groups.committed(
            settings.worker.group, topic.name, client.log.partitions(topic.name)
        ).items()
    }


async def _count(settings: Settings) -> int:
    adapters = Adapters(settings)
    try:
        return await adapters.index.count()
    finally:
        await adapters.close()


async def _refill(settings: Settings, client: Client) -> int:
    adapters = Adapters(settings)
    try:
        await IndexProjection(client.log, client.wire, adapters.library).catch_up()
        return await adapters.index.count()
    finally:
        await adapters.close()


def _row(rebuilt: Rebuilt) -> dict[str, Any]:
    rate = rebuilt.records / rebuilt.seconds if rebuilt.seconds else 0
    before = {None: "not known", True: "yes", False: "NO"}
    return {
        "decider": rebuilt.decider,
        "topic": rebuilt.topic,
        "partition": rebuilt.partition,
        "keys": rebuilt.keys,
        "records": rebuilt.records,
        "events_per_s": round(rate),
        "hash": rebuilt.after[:16],
        "as_before": before[None if rebuilt.before is None else rebuilt.same],
    }
