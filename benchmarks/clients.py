"""Five languages and HTTP at once: 100,000 events into one topic, all read back by every language.

It fails if one is lost, lies in the wrong partition, overtakes another of its key, or reads
differently. Every client is built first; what is told is by language, its process's start included.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks._flood import flood
from benchmarks._report import OURS, options, say, show
from cli.apart import environment, settings_in
from cli.grid import GATEWAY, LOG_ENGINES, services
from engines.install import install
from engines.places import cache_directory
from engines.progress import Console
from engines.service import Service
from engines.supervisor import Supervisor
from streams.io.settings import read_settings
from tests.conformance.clients import CLIENTS

START_S = 300.0


def main() -> int:
    """Measure, and tell."""
    parser = options(__doc__ or "")
    parser.add_argument("--events", type=int, default=100_000, help="of all clients together")
    asked = parser.parse_args()
    clients = [client for client in CLIENTS if client.missing is None]
    for client in CLIENTS:
        say(f"{client.language}: " + (f"no {client.missing}" if client.missing else "building"))
        if client in clients:
            client.ready()
    installed = install(cache_directory(os.environ), Console(sys.stderr))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(settings_in(Path(folder))))
        settings = read_settings()
        with Supervisor(_needed(services(settings, installed))) as supervisor:
            supervisor.start()
            each, began = asked.events // (len(clients) + 1), time.monotonic()
            found = flood(settings, clients, each)
            took = time.monotonic() - began
    for fault in found.faults[:20]:
        say(fault)
    figures: dict[str, dict[str, float | None]] = {
        OURS: {"events": each * len(found.produced), "faults": len(found.faults), "seconds": took}
    }
    for language, told in found.produced.items():
        figures[language] = {
            "events": each,
            "events_per_s": each / told["seconds"],
            "read": found.read[language]["count"] if language in found.read else None,
        }
    show(figures, asked, title="clients", drawn="events_per_s")
    return 1 if found.faults else 0


def _needed(every: Sequence[Service]) -> list[Service]:
    """Return the log and the doors: nothing works on what is flooded."""
    log = [replace(one, ready_within_s=START_S) for one in every if one.name in LOG_ENGINES]
    names = tuple(one.name for one in log)
    gateway = next(one for one in every if one.name == GATEWAY)
    return [*log, replace(gateway, needs=names, ready_within_s=START_S)]


if __name__ == "__main__":
    sys.exit(main())
