"""`aether rebuild`: throws away what was derived from the log, and makes it anew.

While it runs, the worker of a running grid is held; requests wait in the log meanwhile.
"""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from cli import state
from cli.codes import CHECK, OK
from cli.comparison import Comparison, Index
from cli.grid import WORKER
from cli.output import Bar, emit, formatted, say
from cli.reindexing import runs_anew
from processors.adapters.opened import INDEX_FOLDER, Adapters
from processors.deciders import DECIDERS, SNAPSHOTS_FOLDER
from processors.groups import considered
from processors.recall.projection import IndexProjection
from replay.abreast import Task, rebuild_abreast
from replay.memories import unperceived
from replay.rebuild import Positions, Rebuilder, Rebuilt
from streams.errors import Conflict, Misconfigured, ModelAway
from streams.ids import EventId, derived
from streams.io.client import Client
from streams.io.kafka.groups import Groups
from streams.io.settings import Settings, read_settings
from streams.io.snapshots import SnapshotFolder
from streams.topics import EVENT_TOPICS, MEMORY

HOLD_S = 60.0
LOOK_S = 0.1


@click.command()
@formatted
def rebuild(output: str) -> int:
    """Delete all state, fold it anew from the log, and compare; exit code 3 if it differs.

    A running grid waits meanwhile: nothing that it accepts is lost.
    """
    settings = read_settings()
    with held(settings):
        done = rebuild_all(settings)
    emit(output, [_row(state_) for state_ in done.states], COLUMNS)
    say(
        f"{done.events} events folded ({done.events_per_s} events/s)"
        f" and {done.memory.after} memories indexed in {done.seconds:.1f} s"
    )
    for difference in done.differences:
        say(f"differs: {difference}", fg="red")
    say("everything is as it was" if done.same else "SOMETHING DIFFERS", bold=True)
    return OK if done.same else CHECK


COLUMNS = ["decider", "partition", "keys", "records", "events_per_s", "hash", "as_before"]


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Hold the worker of the grid that runs here, if one does, and let it start again after."""
    running = state.read(settings)
    if running is None:
        yield
        return
    if running.ready_s is None:
        raise Conflict("a grid is just starting here", fix="wait until `aether status` says ready")
    hold = state.hold_file(settings)
    hold.write_text(WORKER)
    try:
        deadline = time.monotonic() + HOLD_S
        while _works(state.read(settings)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the worker does not end within {HOLD_S:.0f} s")
            time.sleep(LOOK_S)
        yield
    finally:
        hold.unlink(missing_ok=True)


def _works(running: state.Running | None) -> bool:
    """Whether the worker or one that helps it still runs."""
    return running is not None and any(name.startswith(WORKER) for name in running.processes)


def rebuild_all(settings: Settings) -> Comparison:
    """Rebuild snapshots and both indexes; no worker may run on this data directory.

    Nothing is deleted before log and registry have answered.
    """
    began = time.monotonic()
    home = settings.worker_home / SNAPSHOTS_FOLDER
    aside = home.with_name(f"{SNAPSHOTS_FOLDER}.before")
    with Client(settings) as client:
        considered = _considered(settings)
        before, behind = asyncio.run(_indexed(settings, client))
        shutil.rmtree(settings.worker_home / INDEX_FOLDER, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)
        if home.exists():
            home.rename(aside)
        states = _fold(settings, client, considered, aside, home)
        runs = runs_anew(settings, client)
        with Bar("filling the index", before) as bar:
            after = asyncio.run(_refill(settings, client))
            bar.advance(after)
        perceive_again(client, asyncio.run(_encoder(settings)))
    shutil.rmtree(aside, ignore_errors=True)
    return Comparison(states, Index(before, after, behind), runs, time.monotonic() - began)


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
    settings: Settings, client: Client, considered: Positions, aside: Path, home: Path
) -> list[Rebuilt]:
    log = client.log
    places = [(t.name, p) for t in EVENT_TOPICS for p in range(log.partitions(t.name))]
    spans = [log.span(*place) for place in places]
    opening = partial(_task, settings, None, considered, aside, home)
    here = _task(settings, client, considered, aside, home)
    with Bar("folding the log", sum(span.end - span.first for span in spans)) as bar:
        return rebuild_abreast(opening, here, bar.advance)


def _task(
    settings: Settings, client: Client | None, considered: Positions, aside: Path, home: Path
) -> Task:
    """Return what folds every decider's states; without a client it connects by itself."""
    door = client or Client(settings)
    known, fresh = SnapshotFolder(aside), SnapshotFolder(home)
    return Task(Rebuilder(door.log, door.wire, known, fresh, considered), DECIDERS)


def _considered(settings: Settings) -> Positions:
    """Return up to where each decider is done."""
    groups = Groups(settings.bootstrap, settings.kafka_options)
    return {
        (decider.name, decider.topic.name, partition): offset
        for decider in DECIDERS
        for partition, offset in considered(
            groups, settings.worker.group, decider.name, decider.topic
        ).items()
    }


async def _indexed(settings: Settings, client: Client) -> tuple[int, bool]:
    """Return how many memories the index holds, and whether it has yet to read some of the log."""
    adapters = Adapters(settings)
    try:
        positions = await adapters.index.positions()
        count = await adapters.index.count()
    finally:
        await adapters.close()
    ends = {
        p: client.log.span(MEMORY.name, p).end for p in range(client.log.partitions(MEMORY.name))
    }
    return count, any(positions.get(p, 0) < end for p, end in ends.items())


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
