"""How long a look into a long log takes with the index of runs, and without any snapshot near.

Asked are states of any session at any moment, and the events of any run.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.systems.history import DECIDERS, SESSION_RUNS
from replay.travel import Moment, Traveller
from streams.ids import RunId, derived
from streams.io.objects.directory import DirectoryStore
from streams.io.run_index.database import SqliteDatabase
from streams.io.run_index.indexer import Indexer
from streams.io.run_index.log import IndexedLog
from streams.io.runs import events_of
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.log import EventLog
from streams.topics import SESSIONS

#: What one run of the history leaves in the log.
RUN_RECORDS = 9


def looking_back(live: EventLog, wire: Wire, home: Path, times: int) -> dict[str, float]:
    """Bring the index up to date, and ask so many times."""
    database = SqliteDatabase(home / "runs.sqlite")
    log = IndexedLog(live, wire, DirectoryStore(home / "objects"), database)
    ends = {p: log.span(SESSIONS.name, p).end for p in range(SESSIONS.partitions)}
    used = time.process_time()
    read = Indexer(log, wire, log.runs, SESSIONS.name).catch_up(ends)
    cpu = time.process_time() - used
    goes, chance = Traveller(log, wire, SnapshotFolder(home / "none")), random.Random(7)
    runs = sum(ends.values()) // RUN_RECORDS

    def state() -> None:
        session = f"session-{chance.randrange(runs) // SESSION_RUNS:07d}"
        partition, end = goes.moment_now(SESSIONS, session)
        goes.known(DECIDERS, session, Moment(partition, chance.randrange(end)))

    def run() -> None:
        found = events_of(RunId(derived("run", chance.randrange(runs))), log, wire)
        assert len(found) == RUN_RECORDS

    states, events = _times(state, times), _times(run, times)
    database.close()
    return {
        "index_core_s": cpu * sum(ends.values()) / max(1, read),
        "found_p50_s": states[times // 2],
        "found_max_s": states[-1],
        "run_p50_s": events[times // 2],
        "run_max_s": events[-1],
    }


def _times(work: Callable[[], None], times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return sorted(took)
