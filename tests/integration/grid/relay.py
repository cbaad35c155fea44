"""A TCP relay between the broker and everybody, which can be cut: then nothing arrives any more.

Nobody is told of a cut, as with dropped packets: connections stay open, new ones are accepted, and
what is sent is held. Once it is mended, what was held arrives late, or the connections are reset.
"""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from engines.ports import LOOPBACK, free_port

T = TypeVar("T")

CHUNK = 65_536


class Relay:
    """Passes bytes between its port and another one, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.held_bytes = 0
        self.target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._whole = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._call(self._listen())

    def stop(self) -> None:
        """Reset every connection and end."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Hold everything back from now on."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self, *, reset: bool) -> None:
        """Let bytes through again; with `reset` what was held is lost with its connections."""
        if reset:
            self._call(self._reset())
        self._loop.call_soon_threadsafe(self._whole.set)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._whole.set()
        self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target)
        except OSError:
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        pumps = {
            asyncio.create_task(self._pump(reader, far_writer)),
            asyncio.create_task(self._pump(far_reader, writer)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if not self._whole.is_set():
                    self.held_bytes += len(piece)
                    await self._whole.wait()
                writer.write(piece)
                await writer.drain()

    async def _reset(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._reset()
