"""History run again: folding, verifying, going back, and a what-if over every run.

All read real decisions from a real Kafka; the fold stands beside Faust's recovery of a table from
the same records. Goals: a what-if of 10,000 runs within 20 s, any state of a million events within
1 s.
"""

import argparse
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._broker import broker, folder
from benchmarks._report import options, say, show
from benchmarks._rounds import against, interleaved
from benchmarks.rebuild import FAUST, Bench
from benchmarks.systems.history import DECIDERS, open_wire
from cli.history import EFFECTS, recorded_in
from replay.fork import Forker
from replay.grid import rule_of
from replay.histories import histories
from replay.rebuild import Rebuilder
from replay.travel import Moment, Traveller
from replay.unrepeated import opened
from replay.verify import Range, verify
from replay.whatif import Change, whatif
from streams.events.sessions import RequestReceived
from streams.io.kafka.log import KafkaLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.topics import SESSIONS

RUNS = 10_000
#: So many records lie behind the snapshots, as after a worker's death.
BEHIND = 1_000
MOMENTS = 24
#: Another router: one that weighs another version of what is in force.
CHANGES: Mapping[str, Any] = {"@grid.CapabilityAdopted.version": 2}


class Place(NamedTuple):
    """Where a history lies."""

    bootstrap: str
    home: Path

    def open(self) -> tuple[KafkaLog, Wire]:
        """Return the log and what reads it."""
        return KafkaLog(self.bootstrap), open_wire(DirectoryStore(self.home / "objects"))


def verified(place: Place, _: int) -> dict[str, float]:
    """Redecide everything."""
    log, wire = place.open()
    records, began, used = 0, time.perf_counter(), time.process_time()
    for partition in range(SESSIONS.partitions):
        end = log.span(SESSIONS.name, partition).end
        compared = [(decider, Range(0, end, end)) for decider in DECIDERS]
        done = verify(compared, partition, log, wire, lambda _: True)
        assert not any(each.divergences or each.announced for each in done)
        records += end
    took, cpu = time.perf_counter() - began, time.process_time() - used
    log.close()
    return {"verify_per_s": records / took, "verify_per_core_s": records / cpu}


def gone_back(place: Place, turn: int) -> dict[str, float]:
    """Ask for states at moments anywhere, then for that of now, with snapshots near the end."""
    log, wire = place.open()
    ends = {p: log.span(SESSIONS.name, p).end for p in range(SESSIONS.partitions)}
    snapshots = SnapshotFolder(place.home / f"snapshots.{turn}")
    near = {
        (str(d.name), SESSIONS.name, p): max(0, end - BEHIND)
        for d in DECIDERS
        for p, end in ends.items()
    }
    list(
        Rebuilder(log, wire, SnapshotFolder(place.home / "none"), snapshots, near).rebuild(DECIDERS)
    )
    goes, chance = Traveller(log, wire, snapshots), random.Random(turn)
    times = []
    for _ in range(MOMENTS):
        partition = chance.randrange(SESSIONS.partitions)
        times.append(_took(goes, Moment(partition, chance.randrange(ends[partition]))))
    now = [_took(goes, Moment(partition, end)) for partition, end in ends.items()]
    wall, cores = zip(*times, strict=True)
    log.close()
    return {
        "state_p50_s": sorted(wall)[MOMENTS // 2],
        "state_max_s": max(wall),
        "state_max_core_s": max(cores),
        "recover_s": sum(took for took, _ in now),
    }


def _took(goes: Traveller, moment: Moment) -> tuple[float, float]:
    """Return the seconds and the core's seconds of one look back."""
    began, used = time.perf_counter(), time.process_time()
    goes.known(DECIDERS, "session-0000001", moment)
    return time.perf_counter() - began, time.process_time() - used


def asked(place: Place, _: int) -> dict[str, float]:
    """Send every run through another router, partitions side by side."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(SESSIONS.partitions, os.cpu_count() or 1), spawned) as pool:
        runs = sum(pool.map(_partition, [place] * SESSIONS.partitions, range(SESSIONS.partitions)))
    took, then = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = then.ru_utime + then.ru_stime - used.ru_utime - used.ru_stime
    return {"whatif_of_10000_s": took * RUNS / runs, "whatif_of_10000_core_s": cpu * RUNS / runs}


_FORKER: list[Forker] = []


def _partition(place: Place, partition: int) -> int:
    log, wire = place.open()
    if not _FORKER:
        kinds = frozenset(kind for effect in EFFECTS for kind in (*effect.reads, *effect.writes))
        found = (
            [entry.envelope for entry in entries]
            for n in range(SESSIONS.partitions)
            for _, entries in opened(log, wire, SESSIONS.name, n, kinds)
        )
        _FORKER.append(Forker(recorded_in(found)))
    pasts = histories(DECIDERS, log, wire, partition, rule_of(CHANGES, DECIDERS))
    change = Change(kind=RequestReceived, fields=CHANGES)
    rows = [row for row in whatif(pasts, change, _FORKER[0], {}) if row is not None]
    assert all(row.covered for row in rows), "the record could not answer"
    log.close()
    return len(rows)


def measure(bench: Bench, place: Place, system: str, turn: int) -> dict[str, float]:
    """Let a system do its work once."""
    figures = bench.measure(system, turn)
    if system == FAUST:
        return figures
    parts: Sequence[Any] = (verified, gone_back, asked)
    return figures | {name: value for part in parts for name, value in part(place, turn).items()}


def main(given: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, broker(home) as bootstrap:
        bench, place = Bench(bootstrap, home, given.events), Place(bootstrap, home)
        say(f"every figure is of {bench.records} events")
        figures = interleaved(
            ["aether", FAUST],
            given.rounds,
            lambda system, turn: measure(bench, place, system, turn),
        )
    for name, row in figures.items():
        row["aether_times_this"] = against(figures, name, "records_per_core_s")
    show(figures, given, title="history run again", drawn="records_per_core_s")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    main(parser.parse_args())
