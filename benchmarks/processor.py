"""One job on one broker: our runner beside a raw loop, aiokafka, Quix Streams and stock Faust.

Avro events are consumed, decoded, counted per key, and each count is produced. Every system reads
a fresh copy of the same events, is warm before the clock starts, and is checked to have counted
right. All write the same record, headers included; one more raw loop shows what values alone cost.
Goals: at least 0.65 of raw, ahead of every other, at least 8 times stock Faust.
"""

import argparse
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks._broker import broker, create, everything, fill, folder
from benchmarks._launch import program
from benchmarks._report import options, show
from benchmarks._rounds import against, interleaved
from benchmarks.systems.aether import JobCodec, Paid
from benchmarks.systems.job import (
    COUNTED_PREFIX,
    PARTITIONS,
    READY,
    WARM,
    Order,
    Took,
    decode_counted,
)
from engines.environment import Environment
from engines.places import REQUIREMENTS, cache_directory
from engines.progress import Console
from streams.partitioner import partition_of

KEYS = 1_000
RAW, BARE = "raw confluent-kafka", "raw, values alone"
STOCK = "stock Faust, dict"
#: Stock Faust is given a tenth, so that a run ends: what counts is events per second.
STOCK_SHARE = 10

Payments = Sequence[tuple[int, bytes, bytes]]


class System(NamedTuple):
    """A program, its further arguments, the environment of its own it needs, its share."""

    program: str
    arguments: tuple[str, ...] = ()
    environment: str | None = None
    share: int = 1


PEERS: Mapping[str, System] = {
    "aether": System("aether.py"),
    RAW: System("raw.py"),
    "raw aiokafka": System("aiokafka_loop.py"),
    "Quix Streams": System("quix.py", environment="bench-quix"),
    STOCK: System("faust_stock.py", ("dict",), share=STOCK_SHARE),
    "stock Faust, table": System("faust_stock.py", share=STOCK_SHARE),
    BARE: System("raw.py", ("bare",)),
}


def payments(count: int) -> Payments:
    """Return the warm-up, evenly over the partitions, and then `count` events."""
    chance, codec = random.Random(7), JobCodec()
    accounts = [f"account-{number:05d}" for number in range(KEYS)]
    homes = {account: partition_of(account.encode(), PARTITIONS) for account in accounts}
    by_home = {p: [a for a in accounts if homes[a] == p] for p in range(PARTITIONS)}
    drawn = [chance.choice(by_home[n % PARTITIONS]) for n in range(WARM)]
    drawn += [chance.choice(accounts) for _ in range(count)]
    return [
        (homes[account], account.encode(), codec.encode(_paid(account, number, chance)))
        for number, account in enumerate(drawn)
    ]


def _paid(account: str, number: int, chance: random.Random) -> Paid:
    return Paid(
        account=account,
        number=number,
        at_ms=1_760_000_000_000 + number,
        kind="card",
        amount=round(chance.uniform(1, 500), 2),
        currency="EUR",
        merchant=f"merchant-{number % 500:04d}",
        country="DE",
        city="Berlin",
        online=number % 3 == 0,
        terminal=f"terminal-{number % 9_000:06d}",
        note="a payment of the benchmark",
    )


class Bench:
    """The systems over one broker, with the events all of them get."""

    def __init__(self, bootstrap: str, home: Path, events: int) -> None:
        self._bootstrap = bootstrap
        self._home = home
        self._events = events
        self._payments = payments(events)
        self._pythons = {name: _python(system) for name, system in PEERS.items()}

    def measure(self, name: str, turn: int) -> dict[str, float]:
        """Let a system do the job once on topics of its own."""
        system = PEERS[name]
        events = max(1, self._events // system.share)
        label = f"{turn}.{system.program}.{'-'.join(system.arguments)}"
        source, target = f"in.{label}", f"out.{label}"
        create(self._bootstrap, {source: PARTITIONS, target: PARTITIONS})
        scratch = self._home / label
        scratch.mkdir()
        order = Order(self._bootstrap, source, target, f"group.{label}", str(scratch), events)
        took = self._run(name, order)
        written = source if name == "aether" else target
        _check(self._bootstrap, written, self._payments[: WARM + events])
        return {
            "events_per_s": took.events / took.seconds,
            "cpu_us_per_event": took.cpu_s / took.events * 1e6,
        }

    def _run(self, name: str, order: Order) -> Took:
        """Warm the program up, let it stand still while the events are appended, then let it run.

        So nobody restores or prefetches anything before the clock starts.
        """
        system = PEERS[name]
        given = (system.program, json.dumps(order), *system.arguments)
        fill(self._bootstrap, order.source, self._payments[:WARM])
        with program(*given, python=self._pythons[name], folder=Path(order.folder)) as running:
            assert running.line() == READY, f"{name} said something else"
            running.signal(signal.SIGSTOP)
            fill(self._bootstrap, order.source, self._payments[WARM : order.total])
            running.signal(signal.SIGCONT)
            return Took(*json.loads(running.line()))


def _check(bootstrap: str, topic: str, given: Payments) -> None:
    """See that every key was counted to its end, and nothing else."""
    highest: dict[str, int] = {}
    records = 0
    for message in everything(bootstrap, topic, PARTITIONS):
        value = message.value()
        if value is not None and value[:5] == COUNTED_PREFIX:
            records += 1
            account, count = decode_counted(value)
            highest[account] = max(highest.get(account, 0), count)
    assert highest == Counter(key.decode() for _, key, _ in given), f"{topic} is counted wrong"
    assert records == len(given), f"{topic} holds {records} counts for {len(given)} events"


def _python(system: System) -> str:
    if system.environment is None:
        return sys.executable
    lock = REQUIREMENTS / f"{system.environment}.txt"
    home = Environment(system.environment, (lock,), cache_directory(os.environ))
    return str(home.ready(Console(sys.stderr)))


def main(asked: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, broker(home) as bootstrap:
        bench = Bench(bootstrap, home, asked.events)
        figures = interleaved(list(PEERS), asked.rounds, bench.measure)
    for name, row in figures.items():
        row["aether_times_this"] = against(figures, name, "events_per_s")
    show(figures, asked, title="consume, decode, count, produce", drawn="events_per_s")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    main(parser.parse_args())
