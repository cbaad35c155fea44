"""What a request through the gateway costs, beside the LiteLLM proxy with the same instant model.

Both are asked for chat completions in turn, in one run on one machine. Ours is the whole grid,
which writes every step durably to Kafka; the proxy passes requests on and keeps nothing. CPU is
that of all processes of a system: worker, gateway, Kafka, Triton and registry here, the proxy
there; requests per core are requests per CPU second. Goal: not fewer per core than LiteLLM.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import benchmarks.request as requests
from benchmarks._broker import folder
from benchmarks._cpu import cpu_s
from benchmarks._load import Answered, Load
from benchmarks._peer_litellm import PEER, proxy
from benchmarks._report import options, say, show
from benchmarks._rounds import interleaved
from cli.grid import GATEWAY, WORKER
from engines.supervisor import Supervisor
from streams.io.settings import Settings

OURS = "aether"
CLIENTS = (1, 16)
ALONE, TOGETHER = 100, 320
#: Requests to each system before the clock starts.
WARMING = 600
#: What is measured beside the whole: our two processes without the engines.
PROCESSES = (WORKER, GATEWAY)


class Bench:
    """Both doors, and the processes behind each."""

    def __init__(self, settings: Settings, up: Supervisor, peer: tuple[int, int], scale: float):
        pid, port = peer
        engines = ("kafka", "registry", "triton")
        self._own = [found for found in map(up.pid, PROCESSES) if found]
        others = [found for found in map(up.pid, engines) if found]
        self._pids = {OURS: [*self._own, *others], PEER: [pid]}
        self._loads = {
            OURS: Load(settings.ports.gateway, requests.MODEL),
            PEER: Load(port, requests.MODEL),
        }
        self._scale = scale

    def warm(self) -> None:
        """Let everything open its connections and be compiled: as many requests to either."""
        for load in self._loads.values():
            asyncio.run(load.run(4, max(40, round(WARMING * self._scale))))

    def measure(self, system: str, _turn: int) -> dict[str, float]:
        """Ask as one client, then as some."""
        row: dict[str, float] = {}
        for clients in CLIENTS:
            count = max(clients, round((ALONE if clients == 1 else TOGETHER) * self._scale))
            before, own, began = cpu_s(self._pids[system]), cpu_s(self._own), time.perf_counter()
            answered = asyncio.run(self._loads[system].run(clients, count))
            seconds = time.perf_counter() - began
            used = cpu_s(self._pids[system]) - before
            row |= _figures(answered, clients, seconds, used)
            if system == OURS:
                mine = max(cpu_s(self._own) - own, 0.01)
                row[f"per_core_without_engines_{clients}"] = len(answered) / mine
        return row


def _figures(
    answered: list[Answered], clients: int, seconds: float, used: float
) -> dict[str, float]:
    took = sorted(one.seconds * 1_000 for one in answered)
    at = {
        f"p{p}_ms_{clients}": took[min(len(took) - 1, len(took) * p // 100)] for p in (50, 95, 99)
    }
    per_core = len(answered) / max(used, 0.01)
    rate = len(answered) / seconds
    return {**at, f"requests_per_s_{clients}": rate, f"requests_per_core_{clients}": per_core}


@contextmanager
def both(home: Path, scale: float) -> Iterator[Bench]:
    """Run a grid and the proxy before the same model."""
    with requests.grid(home) as (settings, up, model), proxy(home, model, requests.MODEL) as peer:
        bench = Bench(settings, up, peer, scale)
        bench.warm()
        yield bench


def main(asked: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, both(home, asked.scale) as bench:
        figures = interleaved([OURS, PEER], asked.rounds, bench.measure)
    ours, peers = figures[OURS], figures[PEER]
    for clients in CLIENTS:
        name = f"requests_per_core_{clients}"
        ours[f"times_litellm_per_core_{clients}"] = (ours[name] or 0) / (peers[name] or 1)
    say(f"{os.cpu_count()} cores")
    show(figures, asked, title="a request through the gateway", drawn="requests_per_core_16")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of how many requests are made")
    main(parser.parse_args())
