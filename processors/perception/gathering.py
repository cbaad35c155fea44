"""Texts that come while the encoder is busy are encoded together, in its next call.

A call reads the weights from memory once, however many texts it has: three take the time of two
calls. A text that finds the encoder idle waits for nothing, so who is alone is not slowed down.
"""

import asyncio
import time
from collections.abc import Sequence

from processors.perception.ports import Encoded, Encoder

TEXTS_MAX = 64
#: How long those who found the encoder busy wait for company, in times of its last call, at most so
#: long: while calls overlap somebody waits anyway, and whoever comes meanwhile costs a third less.
COMPANY, COMPANY_MAX_S = 0.5, 0.02


class _Batch:
    """The texts of one call, and what comes of it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.call: asyncio.Task[Encoded]


class Gathered:
    """An encoder that is asked by many, one call at a time; each hears of its own texts alone."""

    def __init__(self, encoder: Encoder, texts_max: int = TEXTS_MAX) -> None:
        self._encoder = encoder
        self._texts_max = texts_max
        self._turn = asyncio.Lock()
        self._open: _Batch | None = None
        self._took_s = 0.0

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text. Raises what the call raised that they were part of."""
        batch, start = self._joined(texts)
        # shielded: others wait for the same call
        encoder, vectors, tokens = await asyncio.shield(batch.call)
        mine = slice(start, start + len(texts))
        return Encoded(encoder, vectors[mine], tokens[mine])

    def _joined(self, texts: Sequence[str]) -> tuple[_Batch, int]:
        """Add texts to the batch that waits for its turn, or to a new one, and say where."""
        batch = self._open
        if batch is None or len(batch.texts) + len(texts) > self._texts_max:
            batch = self._open = _Batch()
            batch.call = asyncio.create_task(self._called(batch, busy=self._turn.locked()))
            batch.call.add_done_callback(_heard)
        start = len(batch.texts)
        batch.texts += texts
        return batch, start

    async def _called(self, batch: _Batch, *, busy: bool) -> Encoded:
        async with self._turn:
            if busy:
                await asyncio.sleep(min(self._took_s * COMPANY, COMPANY_MAX_S))
            if self._open is batch:
                self._open = None
            began = time.monotonic()
            try:
                return await self._encoder.encode(batch.texts)
            finally:
                self._took_s = time.monotonic() - began


def _heard(call: "asyncio.Task[Encoded]") -> None:
    """Take note of what a call came to: everyone who waited for it may be gone."""
    if not call.cancelled():
        call.exception()
