"""Everything that replays a history gets the same from the archive as from the log."""

from pathlib import Path
from typing import Any

from replay.archive.audit import Auditor
from replay.archive.seal import Limits, Sealer
from replay.archive.trim import Trimmer
from replay.histories import histories
from replay.rebuild import Rebuilder
from replay.travel import Moment, Traveller
from replay.verify import Range, verify
from streams.io.archive.log import ArchivedLog
from streams.io.memory_log import MemoryLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.log import EventLog
from streams.topics import ARCHIVE, SESSIONS
from tests.unit.replay.archive.vault import NEVER_MS, MemoryTrimming
from tests.unit.replay.memory_grid import DECIDERS, PARTITIONS, MemoryGrid


def told(grid: MemoryGrid, log: EventLog, folder: Path) -> list[Any]:
    """Return what each way to replay makes of a log."""
    known, fresh = SnapshotFolder(folder / "none"), SnapshotFolder(folder / "fresh")
    rebuilder = Rebuilder(log, grid.wire, known, fresh, {})
    travels = Traveller(log, grid.wire, known)
    found: list[Any] = [
        (r.decider, r.partition, r.keys, r.after) for r in rebuilder.rebuild(DECIDERS)
    ]
    for n in range(PARTITIONS):
        end = log.span(SESSIONS.name, n).end
        compared = [(decider, Range(0, end, end)) for decider in DECIDERS]
        checked = verify(compared, n, log, grid.wire, lambda _: True)
        found += checked
        known_now = travels.known(DECIDERS, "ada", Moment(n, end))
        found += [each._replace(read=0) for each in known_now]
        found += [past.stream for past in histories(DECIDERS, log, grid.wire, n)]
    return found


def test_a_history_behind_a_trimmed_log_is_the_same_history(tmp_path: Path) -> None:
    grid = MemoryGrid(tmp_path)
    codec: Any = grid.wire.codec
    grid.broker.topics[ARCHIVE.name] = 1
    codec.learn(ARCHIVE, register=True)
    for n in range(12):
        grid.ask(f"green {n}?", session=("ada", "bob", "eve")[n % 3])
    log, store = MemoryLog(grid.broker), DirectoryStore(tmp_path / "objects")
    before = told(grid, log, tmp_path / "before")
    assert len(before) > 12
    sealer = Sealer(log, grid.wire, store, Limits(records=17))
    for partition in range(PARTITIONS):
        assert list(sealer.seal(SESSIONS.name, partition))
    trimmer = Trimmer(log, sealer.chains, Auditor(log, store, {}), MemoryTrimming(grid.broker))
    for plan in trimmer.plan(SESSIONS.name, NEVER_MS):
        trimmer.trim(plan)
        assert log.span(SESSIONS.name, plan.place.partition).first == plan.until > 0
    assert told(grid, ArchivedLog(log, grid.wire, store), tmp_path / "after") == before
    grid.log = ArchivedLog(log, grid.wire, store)  # type: ignore[assignment]
    grid.ask("green again?")  # a worker that starts behind a trimmed log knows all of it
    whole = told(grid, grid.log, tmp_path / "again")
    assert sum(getattr(v, "decisions", 0) for v in whole) > sum(
        getattr(v, "decisions", 0) for v in before
    )
    assert all(v.divergences == 0 for v in whole if hasattr(v, "divergences"))
