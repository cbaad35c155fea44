"""History run again: folding, verifying, going back, and a what-if over every run.

All read real decisions from a real Kafka; the fold stands beside Faust's recovery of a table from
the same records. Goals: 300,000 folds/s/core, a million events cold within 10 s, recovery with
snapshots within 5 s whatever the log's length, a what-if of 10,000 runs within 20 s, any state of a
million events within 1 s.
"""

import argparse
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._broker import broker, folder
from benchmarks._cpu import kept_waiting_s
from benchmarks._folding import folding
from benchmarks._looking import looking_back
from benchmarks._recovery import BEHIND, coming_back
from benchmarks._report import options, say, show
from benchmarks._rounds import against, interleaved
from benchmarks.rebuild import FAUST, Bench
from benchmarks.systems.history import DECIDERS, open_wire
from cli.history import EFFECTS, outside
from replay.grid import rule_of
from replay.histories import histories
from replay.outcomes import WholeRecord
from replay.rebuild import Rebuilder, few_collections
from replay.travel import Moment, Traveller
from replay.verify import Range, verify
from replay.whatif import Change, whatif
from streams.events.sessions import RequestReceived
from streams.io.kafka.log import KafkaLog
from streams.io.objects.directory import DirectoryStore
from streams.io.snapshots import SnapshotFolder
from streams.io.wire import Wire
from streams.topics import SESSIONS

RUNS, CORES = 10_000, os.cpu_count() or 1
#: How long the logs are from which states come back; the last one in a night's time only.
SIZES, NIGHTLY = (100_000, 1_000_000), 10_000_000
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


def folded(place: Place, _: int) -> dict[str, float]:
    """Fold the decisions alone."""
    log, wire = place.open()
    figures = folding(log, wire)
    log.close()
    return figures


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
    wall, cores = zip(*times, strict=True)
    log.close()
    return {
        "state_p50_s": sorted(wall)[MOMENTS // 2],
        "state_max_s": max(wall),
        "state_max_core_s": max(cores),
    }


def _took(goes: Traveller, moment: Moment) -> tuple[float, float]:
    """Return the seconds and the core's seconds of one look back."""
    began, used = time.perf_counter(), time.process_time()
    goes.known(DECIDERS, "session-0000001", moment)
    return time.perf_counter() - began, time.process_time() - used


def asked(place: Place, _: int) -> dict[str, float]:
    """Send every run through another router, partitions side by side."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    spawned, workers = multiprocessing.get_context("spawn"), min(SESSIONS.partitions, CORES)
    with ProcessPoolExecutor(workers, spawned) as pool:
        places = [place] * SESSIONS.partitions
        found = list(pool.map(_partition, places, range(SESSIONS.partitions)))
    runs, waited = sum(count for count, _ in found), sum(s for _, s in found) / workers
    took, then = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = then.ru_utime + then.ru_stime - used.ru_utime - used.ru_stime
    told = {"whatif_of_10000_s": took, "whatif_of_10000_core_s": cpu}
    told["whatif_waiting_for_a_core_s"] = waited
    return {name: value * RUNS / runs for name, value in told.items()}


def _partition(place: Place, partition: int) -> tuple[int, float]:
    """Return how many runs there are, and how long others had the core meanwhile."""
    waited = kept_waiting_s()
    log, wire = place.open()
    ends = {n: log.span(SESSIONS.name, n).end for n in range(SESSIONS.partitions)}
    whole = WholeRecord(map(outside, EFFECTS), log, wire, ends, place.home / "outcomes")
    pasts = histories(DECIDERS, log, wire, partition, rule_of(CHANGES, DECIDERS))
    change = Change(kind=RequestReceived, fields=CHANGES)
    with few_collections():
        rows = [row for row in whatif(pasts, change, whole) if row is not None]
    assert all(row.covered for row in rows), "the record could not answer"
    whole.close()
    log.close()
    return len(rows), kept_waiting_s() - waited


def came_back(place: Place, size: int) -> dict[str, float | None]:
    """Let states come back from a log of some size, and find runs and states in it."""
    log, wire = place.open()
    with closing(log):
        looked = looking_back(log, wire, place.home, MOMENTS)
    figures = {**coming_back(place.open, place.home / f"back.{size}"), **looked}
    say(f"{size:,} events: " + ", ".join(f"{name} {value:.3g}" for name, value in figures.items()))
    return {**figures}


def measure(bench: Bench, place: Place, system: str, turn: int) -> dict[str, float]:
    """Let a system do its work once."""
    figures = bench.measure(system, turn)
    if system == FAUST:
        return figures
    parts: Sequence[Any] = (folded, verified, gone_back, asked)
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
        for size in (*given.sizes, *((NIGHTLY,) if given.nightly else ())):
            bench.grow(size)
            figures[f"aether, {size:,} events"] = came_back(place, size)
    show(figures, given, title="history run again", drawn="records_per_core_s")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="of the logs to fold")
    parser.add_argument("--nightly", action="store_true", help=f"and one of {NIGHTLY:,} events")
    main(parser.parse_args())
