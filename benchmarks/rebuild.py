"""State from history: the fold behind `aether rebuild` beside Faust's recovery of a table.

Both read the same records from one broker: ours decodes and folds them, Faust keeps each key's
last bytes. Goals: at least 100,000 records/s/core, and 8 times Faust's.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Producer

from benchmarks._broker import QUIET, broker, create, folder
from benchmarks._launch import program
from benchmarks._report import options, say, show
from benchmarks._rounds import against, interleaved
from benchmarks.systems.history import History, open_wire
from streams.io.kafka.topics import create_topics
from streams.io.objects.directory import DirectoryStore
from streams.log import Record
from streams.topics import SESSIONS

FAUST = "Faust table recovery"
EMPTY, CHANGELOG = "bench.empty", "bench.changelog"


class Bench:
    """Both ways over one broker that holds the records twice: as sessions and as a changelog."""

    def __init__(self, bootstrap: str, home: Path, records: int) -> None:
        self._bootstrap = bootstrap
        self._home = home
        create_topics(bootstrap, {}, replication=1, topics=(SESSIONS,))
        create(bootstrap, {EMPTY: SESSIONS.partitions})
        create(bootstrap, {CHANGELOG: SESSIONS.partitions}, **{"cleanup.policy": "compact"})
        self._wire = open_wire(DirectoryStore(home / "objects"))
        self._history, self.records = History(self._wire), 0
        self.grow(records, (SESSIONS.name, CHANGELOG))

    def grow(self, count: int, topics: Sequence[str] = (SESSIONS.name,)) -> None:
        """Append history until the log holds about `count` records."""
        producer = Producer(
            {**QUIET, "bootstrap.servers": self._bootstrap, "enable.idempotence": True,
             "linger.ms": 20}
        )  # fmt: skip
        for record in self._history.records(count):
            for topic in topics:
                _produce(producer, topic, record)
            self.records += 1
        assert producer.flush(120) == 0
        say(f"{self.records} records are in the log")

    def measure(self, system: str, turn: int) -> dict[str, float]:
        """Let one of them come to its state once."""
        scratch = self._home / f"{turn}.{'fold' if system == 'aether' else 'faust'}"
        scratch.mkdir()
        if system == "aether":
            took = self._run("fold.py", str(scratch))
            assert took["records"] == self.records
        else:
            group = f"faust.{turn}"
            took = self._run("faust_recovery.py", str(scratch), group, EMPTY, CHANGELOG)
        assert took["keys"] > 0, f"{system} came to no state"
        return {
            "records_per_s": self.records / took["seconds"],
            "records_per_core_s": self.records / took["cpu_s"],
        }

    def _run(self, name: str, *arguments: str) -> dict[str, float]:
        with program(name, self._bootstrap, *arguments) as running:
            took: dict[str, float] = json.loads(running.line())
            return took


def _produce(producer: Producer, topic: str, record: Record) -> None:
    _, place, _, _, key, value, headers = record
    while True:
        try:
            producer.produce(topic, value, key, place, headers=[*headers])
            break
        except BufferError:
            producer.poll(0.05)


def main(asked: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, broker(home) as bootstrap:
        bench = Bench(bootstrap, home, asked.records)
        figures = interleaved(["aether", FAUST], asked.rounds, bench.measure)
    for name, row in figures.items():
        row["aether_times_this"] = against(figures, name, "records_per_core_s")
    show(figures, asked, title="state from the log", drawn="records_per_core_s")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    main(parser.parse_args())
