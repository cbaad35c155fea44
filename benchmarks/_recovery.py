"""How long states take to come back: from the log's first record, and from snapshots near its end.

Cold is what `aether rebuild` does, the start of its processes included; a recovery is a worker's
restart, by the runner itself.
"""

import asyncio
import gc
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.systems.history import DECIDERS
from processors.batch import Batch
from processors.decisions import Deciding
from processors.runner import Runner
from processors.shell import COLLECTOR
from replay.abreast import Task, rebuild_abreast
from replay.rebuild import Rebuilder
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import SESSIONS

#: So many records lie behind the snapshots, as after a worker's death.
BEHIND = 1_000


def coming_back(opening: Callable[[], tuple[EventLog, Wire]], home: Path) -> dict[str, float]:
    """Rebuild everything, write snapshots near the end, and restart from them."""
    log, wire = opening()
    ends = {p: log.span(SESSIONS.name, p).end for p in range(SESSIONS.partitions)}
    near = home / "near"
    figures = {
        **_timed("cold", lambda: _rebuild(opening, home / "end", ends, 0)),
        **_timed("", lambda: _rebuild(opening, near, ends, BEHIND)),
        **_timed("recover", lambda: asyncio.run(_restart(log, wire, SnapshotFolder(near), ends))),
    }
    log.close()
    return figures


def _timed(name: str, work: Callable[[], None]) -> dict[str, float]:
    began, used = time.perf_counter(), _cpu_s()
    work()
    took, cpu = time.perf_counter() - began, _cpu_s() - used
    return {f"{name}_s": took, f"{name}_core_s": cpu} if name else {}


def _cpu_s() -> float:
    """Return what this process and those it started, which have ended, used of the cores."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _rebuild(
    opening: Callable[[], tuple[EventLog, Wire]], fresh: Path, ends: dict[int, int], behind: int
) -> None:
    opened = partial(_task, opening, fresh, ends, behind)
    for done in rebuild_abreast(opened, opened(), lambda _: None):
        assert done.keys > 0, f"{done.decider} came to no state"


def _task(
    opening: Callable[[], tuple[EventLog, Wire]], fresh: Path, ends: dict[int, int], behind: int
) -> Task:
    positions = {
        (str(d.name), SESSIONS.name, p): max(0, end - behind)
        for d in DECIDERS
        for p, end in ends.items()
    }
    none = SnapshotFolder(fresh / "none")
    return Task(Rebuilder(*opening(), none, SnapshotFolder(fresh), positions), DECIDERS)


async def _restart(
    log: EventLog, wire: Wire, snapshots: SnapshotFolder, ends: dict[int, int]
) -> None:
    """Assign every partition to a worker that begins at its end, with a worker's collector."""
    gc.freeze()
    gc.set_threshold(*COLLECTOR)
    parts = [Deciding(decider, wire, snapshots) for decider in DECIDERS]
    runner = Runner(SESSIONS.name, log, wire, parts, snapshots)
    for partition, end in ends.items():
        await runner.take(Batch(partition, 1, [], end, lambda: None))
    if runner.failure is not None:
        raise runner.failure
    read, expected = runner.tally.recalled, sum(min(end, BEHIND) for end in ends.values())
    assert read == expected, f"{read} records were read for {expected} behind the snapshots"
    runner.reset()
