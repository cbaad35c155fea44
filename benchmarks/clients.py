"""Five languages at once: 100,000 events into one topic, each language reading all of them back.

It fails if one is lost, lies in the wrong partition, overtakes another of its key, or reads
differently. Every client is built first; what is told is by language, its process's start included.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._flood import flood
from benchmarks._report import OURS, options, say, show
from cli.apart import settings_in
from cli.grid import engines
from engines.install import install
from engines.places import cache_directory
from engines.progress import Console
from engines.supervisor import Supervisor
from tests.conformance.clients import CLIENTS


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
        settings = settings_in(Path(folder))
        wanted = [engine for engine in engines(settings, installed) if engine.name != "triton"]
        with Supervisor(wanted) as supervisor:
            supervisor.start()
            each, began = asked.events // len(clients), time.monotonic()
            found = flood(settings, clients, each, "flood")
            took = time.monotonic() - began
    for fault in found.faults[:20]:
        say(fault)
    figures: dict[str, dict[str, float | None]] = {
        OURS: {"events": each * len(clients), "faults": len(found.faults), "seconds": took}
    }
    for language, told in found.produced.items():
        figures[language] = {
            "events": each,
            "events_per_s": each / told["seconds"],
            "read": found.read[language]["count"],
        }
    show(figures, asked, title="clients", drawn="events_per_s")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
