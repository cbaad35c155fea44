"""Runs the gateway until it is asked to stop: learn the schemas, open the doors, drain, close."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from gateway.api.retelling import Retelling
from gateway.app import build
from streams.errors import Conflict, Misconfigured, RegistryAway
from streams.io.codec import Codec
from streams.io.registry import ConfluentRegistry
from streams.io.settings import Settings
from streams.io.stores import open_store
from streams.io.wire import Wire
from streams.topics import TOPICS


class Server(uvicorn.Server):
    """uvicorn, leaving the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


LEARN_EVERY_S = 0.5
BACKLOG = 512


async def serve(
    settings: Settings, stop: asyncio.Event, retelling: Retelling | None = None
) -> None:
    """Serve until `stop` is set. Raises Conflict if the port is taken."""
    listening = _listen(settings.gateway.host, settings.ports.gateway)
    codec = Codec(ConfluentRegistry(settings.registry_url))
    await _learn(codec, stop)
    app = build(settings, Wire(codec, open_store(settings), settings.node), retelling)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=10, lifespan="on"
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, because asyncio switches Nagle's algorithm off for such sockets only: with it on, the
    # body of an answer waits 40 ms for its head to be acknowledged.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as exc:
        raise Conflict(
            f"the gateway cannot listen on {host}:{port}: {exc.strerror}",
            fix="stop what listens there, or set AETHER_PORTS__GATEWAY to another port",
        ) from exc
    listening.listen(BACKLOG)
    return listening


async def _learn(codec: Codec, stop: asyncio.Event) -> None:
    """Wait until the registry answers and knows the schemas."""
    while not stop.is_set():
        try:
            for topic in TOPICS:
                await asyncio.to_thread(codec.learn, topic)
            return
        except (RegistryAway, Misconfigured):
            await asyncio.sleep(LEARN_EVERY_S)
