"""Supervises all engines in a directory until asked to stop; a program for `test_grid`.

Prints the engines' process ids in JSON, and later the names of those that have ended, in order.
"""

import json
import os
import sys
from pathlib import Path

from engines.install import install
from engines.kafka import KafkaFiles, kafka
from engines.places import cache_directory
from engines.ports import free_port
from engines.progress import silent
from engines.registry import registry
from engines.signals import StopSignals
from engines.supervisor import Supervisor
from engines.triton import TritonPorts, triton
from engines.ward import State


def main(home: Path, repository: Path) -> None:
    """Run the engines until SIGTERM."""
    parts = install(cache_directory(os.environ), silent)
    files = KafkaFiles(jars=parts.kafka, directory=home / "kafka", log=home / "kafka.log")
    port = free_port()
    services = [
        kafka(files, port=port, controller_port=free_port(), environment=os.environ),
        registry(
            parts.registry,
            port=free_port(),
            management_port=free_port(),
            kafka_port=port,
            log=home / "registry.log",
            environment=os.environ,
        ),
        triton(
            parts.models,
            models=["shout"],
            repository=repository,
            ports=TritonPorts(http=free_port(), grpc=free_port(), metrics=free_port()),
            log=home / "triton.log",
            environment=os.environ,
        ),
    ]
    with StopSignals() as asked, Supervisor(services, report) as supervisor:
        if supervisor.start(lambda: asked.stop):
            print(
                json.dumps({each.name: supervisor.pid(each.name) for each in services}), flush=True
            )
            supervisor.watch(lambda: asked.stop)


def report(name: str, state: State, _seconds: float) -> None:
    """Tell which have ended."""
    if state is State.STOPPED:
        print(name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
