"""What a request costs beside its model: a whole grid, and its Kafka hops written by hand.

The grid is the real one (Kafka, registry, Triton, worker, gateway); the model answers at once over
HTTP. The chain by hand has as many hops and asks the same encoder and model; another one does
nothing but hop. Goals: one client p50 within 15 ms and 1.5 times the chain; 16 clients p99 within
60 ms.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

from benchmarks._broker import create, folder, installed
from benchmarks._cpu import cpu_s
from benchmarks._launch import program
from benchmarks._load import Answered, Load
from benchmarks._report import options, say, show
from benchmarks._rounds import interleaved
from benchmarks._stages import stages
from benchmarks.systems import chain
from cli import apart
from cli.capabilities import offer_capabilities
from cli.grid import GATEWAY, WORKER, services
from engines.kafka import NAME as KAFKA
from engines.ports import free_port
from engines.service import Service
from engines.supervisor import Supervisor
from engines.triton import NAME as TRITON
from engines.ward import State
from streams.io.settings import Settings, read_settings

MODEL, CHAIN, HOPS = "instant", "chain by hand", "hops alone"
CLIENTS = (1, 16, 64)
#: Requests to each system before the clock starts.
WARMING = 1_500
WITHIN_S = 60.0
START_S = 300.0


@contextmanager
def started(name: str, *arguments: str) -> Iterator[int]:
    """Run one of the systems' programs, from when it says that it is ready; return its id."""
    with program(name, *arguments) as running:
        running.line()
        yield running.pid


@contextmanager
def grid(home: Path) -> Iterator[tuple[Settings, Supervisor, str]]:
    """Run a grid that knows the instant model, and yield the model's address as well."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/v1"
    model = {"base_url": address, "model": MODEL, "api_key_env": "PATH"}
    os.environ.update(
        apart.environment(apart.settings_in(home), AETHER_MODELS=json.dumps({MODEL: model}))
    )
    settings = read_settings()
    with (
        started("instant_model.py", str(port)),
        Supervisor(_patient(services(settings, installed())), _report) as up,
    ):
        assert up.start()
        offer_capabilities(settings)
        _until(lambda: MODEL in _models(settings), "the gateway does not offer the model")
        yield settings, up, address


def _patient(wanted: Sequence[Service]) -> list[Service]:
    """Give services the time a busy machine needs: starting is not what is measured."""
    return [replace(service, ready_within_s=START_S) for service in wanted]


def _report(service: str, entered: State, seconds: float) -> None:
    if entered in (State.READY, State.RESTING):
        say(f"{service} {entered.name.lower()} after {seconds:.1f} s")


def _models(settings: Settings) -> list[str]:
    with urlopen(f"{settings.gateway_url}/v1/models", timeout=10) as answer:
        return [model["id"] for model in json.load(answer)["data"]]


def _until(condition: Callable[[], bool], failing: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{failing} within {WITHIN_S:.0f} s")
        time.sleep(0.1)


class Bench:
    """Both doors, and the processes behind each."""

    def __init__(self, settings: Settings, up: Supervisor, scale: float) -> None:
        self._settings = settings
        self._up = up
        self._scale = scale
        self._loads = {"aether": Load(settings.ports.gateway, MODEL)}
        self._pids = {"aether": _running(up, WORKER, GATEWAY)}
        self._shared = {"broker_": _running(up, KAFKA), "triton_": _running(up, TRITON)}
        self.alone: list[Answered] = []

    @contextmanager
    def chained(self, name: str, *work: str) -> Iterator[None]:
        """Run a hand-written chain beside the grid, on the same broker."""
        bootstrap, port, label = self._settings.bootstrap, free_port(), f"chain-{len(work)}"
        create(bootstrap, dict.fromkeys(chain.topics(label), chain.PARTITIONS))
        with ExitStack() as running:
            stages = running.enter_context(started("chain.py", "stages", label, bootstrap, *work))
            door = running.enter_context(started("chain.py", "door", label, bootstrap, str(port)))
            self._loads[name] = Load(port, MODEL)
            self._pids[name] = [stages, door]
            _until(lambda: _open(port), "the chain's door does not open")
            yield

    def warm(self) -> None:
        """Let everything open its connections, and compile what it compiles while it runs."""
        for load in self._loads.values():
            asyncio.run(load.run(16, round(WARMING * self._scale)))

    def measure(self, system: str, _turn: int) -> dict[str, float]:
        """Ask as one client, then as some, then as many."""
        row: dict[str, float] = {}
        for clients in CLIENTS:
            requests = max(clients, round((200 if clients == 1 else 640) * self._scale))
            before, began = self._cpu(system), time.perf_counter()
            answered = asyncio.run(self._loads[system].run(clients, requests))
            seconds, after = time.perf_counter() - began, self._cpu(system)
            if clients == 1 and system == "aether":
                self.alone += answered
            row |= _figures(answered, clients, seconds)
            for whose, used in after.items():
                row[f"{whose}cpu_ms_{clients}"] = (used - before[whose]) / len(answered) * 1_000
        return row

    def _cpu(self, system: str) -> dict[str, float]:
        processes = {"": self._pids[system], **self._shared}
        return {whose: cpu_s(pids) for whose, pids in processes.items()}


def _running(up: Supervisor, *services: str) -> list[int]:
    return [pid for pid in map(up.pid, services) if pid]


def _figures(answered: Sequence[Answered], clients: int, seconds: float) -> dict[str, float]:
    took = sorted(one.seconds * 1_000 for one in answered)
    at = {
        f"p{p}_ms_{clients}": took[min(len(took) - 1, len(took) * p // 100)] for p in (50, 95, 99)
    }
    return {**at, f"requests_per_s_{clients}": len(answered) / seconds}


def _open(port: int) -> bool:
    try:
        asyncio.run(Load(port, MODEL).run(1, 1))
    except OSError:
        return False
    return True


def main(asked: argparse.Namespace) -> None:
    """Run the benchmark."""
    with folder() as home, grid(home) as (settings, up, model):
        bench = Bench(settings, up, asked.scale)
        with bench.chained(CHAIN, settings.triton_address, model), bench.chained(HOPS):
            bench.warm()
            figures = interleaved(["aether", CHAIN, HOPS], asked.rounds, bench.measure)
        passed = stages(settings, bench.alone)
    ratio = (figures["aether"]["p50_ms_1"] or 0) / (figures[CHAIN]["p50_ms_1"] or 1)
    figures["aether"]["p50_times_chain"] = ratio
    say("one request, stage by stage, ms on average:")
    for name, took in passed.items():
        say(f"  {name:44} {took:6.2f}")
    figures["stages of aether, ms"] = dict(passed)
    show(figures, asked, title="a request with an instant model", drawn="p50_ms_1")


if __name__ == "__main__":
    parser = options(__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of how many requests are made")
    main(parser.parse_args())
