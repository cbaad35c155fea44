"""How long states take to come back: from the log's first record, and from snapshots near its end.

Cold is what `aether rebuild` does; a recovery is a worker's restart, by the runner itself.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.systems.history import DECIDERS
from processors.batch import Batch
from processors.decisions import Deciding
from processors.runner import Runner
from replay.rebuild import Rebuilder
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import SESSIONS

#: So many records lie behind the snapshots, as after a worker's death.
BEHIND = 1_000


def coming_back(log: EventLog, wire: Wire, home: Path) -> dict[str, float]:
    """Rebuild everything, write snapshots near the end, and restart from them."""
    ends = {p: log.span(SESSIONS.name, p).end for p in range(SESSIONS.partitions)}
    near = SnapshotFolder(home / "near")
    return {
        **_timed("cold", lambda: _rebuild(log, wire, SnapshotFolder(home / "end"), ends, 0)),
        **_timed("", lambda: _rebuild(log, wire, near, ends, BEHIND)),
        **_timed("recover", lambda: asyncio.run(_restart(log, wire, near, ends))),
    }


def _timed(name: str, work: Callable[[], None]) -> dict[str, float]:
    began, used = time.perf_counter(), time.process_time()
    work()
    took, cpu = time.perf_counter() - began, time.process_time() - used
    return {f"{name}_s": took, f"{name}_core_s": cpu} if name else {}


def _rebuild(
    log: EventLog, wire: Wire, fresh: SnapshotFolder, ends: dict[int, int], behind: int
) -> None:
    positions = {
        (str(d.name), SESSIONS.name, p): max(0, end - behind)
        for d in DECIDERS
        for p, end in ends.items()
    }
    none = SnapshotFolder(fresh.root / "none")
    for done in Rebuilder(log, wire, none, fresh, positions).rebuild(DECIDERS):
        assert done.keys > 0, f"{done.decider} came to no state"


async def _restart(
    log: EventLog, wire: Wire, snapshots: SnapshotFolder, ends: dict[int, int]
) -> None:
    """Assign every partition to a worker that begins at its end."""
    parts = [Deciding(decider, wire, snapshots) for decider in DECIDERS]
    runner = Runner(SESSIONS.name, log, wire, parts, snapshots)
    for partition, end in ends.items():
        await runner.take(Batch(partition, 1, [], end, lambda: None))
    if runner.failure is not None:
        raise runner.failure
    read, expected = runner.tally.recalled, sum(min(end, BEHIND) for end in ends.values())
    assert read == expected, f"{read} records were read for {expected} behind the snapshots"
    runner.reset()
