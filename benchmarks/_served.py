"""The encoder behind a Triton of its own, for benchmarks that need nothing else of a grid."""

import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from engines.install import models_environment
from engines.places import cache_directory
from engines.ports import LOOPBACK, free_port
from engines.progress import Console
from engines.supervisor import Supervisor
from engines.triton import TritonPorts, triton, triton_available
from processors.adapters.in_process import InProcessEncoder, InProcessModels
from processors.adapters.triton import ENCODER, TritonEncoder, TritonServer
from processors.perception.ports import Encoded, Encoder
from streams.io.settings import ROOT

MODELS = ROOT / "triton_models"
TEXTS_MAX = 64
COUNTED_S, PAUSE_S = 10.0, 0.02

_COUNTED = re.compile(rf'^nv_inference_(count|exec_count){{model="{ENCODER}".*}} (\S+)$', re.M)


class Batches(NamedTuple):
    """How many texts a server encoded since it started, and in how many batches."""

    texts: float
    batches: float


class Served(NamedTuple):
    """The encoder as a server has it, and where that tells what it did."""

    encoder: TritonEncoder
    metrics_port: int

    def batches(self, texts: float = 0) -> Batches:
        """Return what was done, once so many texts were: a batch is counted after its answer.

        Raises TimeoutError where the server does not count as many.
        """
        until, last = time.monotonic() + COUNTED_S, None
        while (now := self._counted()) != last or now.texts < texts:
            if time.monotonic() > until:
                raise TimeoutError(f"the encoder counted {now.texts:.0f} texts of {texts:.0f}")
            last = now
            time.sleep(PAUSE_S)
        return now

    def _counted(self) -> Batches:
        with urlopen(f"http://{LOOPBACK}:{self.metrics_port}/metrics", timeout=10) as answer:
            told = dict(_COUNTED.findall(answer.read().decode()))
        return Batches(float(told["count"]), float(told["exec_count"]))


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    """Serve the encoder with a Triton of its own. Raises Misconfigured where none can run."""
    home = models_environment(cache_directory(os.environ), None)
    home.ready(Console(sys.stderr))
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        ports = TritonPorts(http=free_port(), grpc=free_port(), metrics=free_port())
        service = triton(
            home,
            models=[ENCODER],
            repository=MODELS,
            ports=ports,
            log=folder / "triton.log",
            environment=os.environ,
        )
        running.enter_context(Supervisor([service])).start()
        server = TritonServer(f"{LOOPBACK}:{ports.grpc}")
        try:
            yield Served(TritonEncoder(server), ports.metrics)
        finally:
            await server.close()


@asynccontextmanager
async def served_encoder() -> AsyncIterator["Remembering"]:
    """Serve the encoder, or have it in this process where no Triton can run."""
    missing = triton_available()
    if missing:
        home = models_environment(cache_directory(os.environ), missing)
        home.ready(Console(sys.stderr))
        yield Remembering(InProcessEncoder(InProcessModels(MODELS, home.packages)))
        return
    async with served() as server:
        yield Remembering(server.encoder)


class Remembering:
    """An encoder that is asked only once about each text, so that runs can be repeated."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, bytes] = {}
        self._name = ""

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        for at in range(0, len(missing), TEXTS_MAX):
            asked = missing[at : at + TEXTS_MAX]
            self._name, vectors, _ = await self._encoder.encode(asked)
            self._known.update(zip(asked, vectors, strict=True))
        return Encoded(self._name, [self._known[text] for text in texts])
