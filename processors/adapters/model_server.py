"""An OpenAI-compatible server over HTTP, on connections kept alive; its errors end here.

The official client takes ten times as long per request, all of it in the worker's one thread. Like
that one, this heeds the environment's proxies and certificates and never asks twice by itself.
"""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import certifi
import orjson

from streams.errors import ModelAway

SAID_MAX = 500
DONE = b"[DONE]"


class Declined(Exception):
    """The server answered with a status that is no success, and said why."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class ModelServer:
    """One server, reached through one pool of connections that its first use opens.

    Time runs out after `timeout_s` without a byte, not in all: a long answer may take longer.
    """

    def __init__(self, base_url: str, key: str | None = None, timeout_s: float = 60.0) -> None:
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._key = key
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, body: Mapping[str, Any], idempotency_key: str) -> bytes:
        """Return a whole answer. Raises Declined, and ModelAway if there is none."""
        async with self._answer(body, idempotency_key) as response:
            return await response.read()

    async def stream(
        self, body: Mapping[str, Any], idempotency_key: str
    ) -> AsyncGenerator[bytes, None]:
        """Yield the data of each server-sent event until `[DONE]`. Raises as `ask` does."""
        async with self._answer(body, idempotency_key) as response:
            async for line in _lines(response.content.iter_any()):
                field, _, value = line.partition(b":")
                if field != b"data":
                    continue
                if (data := value.strip()) == DONE:
                    return
                yield data

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def without_key(self, words: str) -> str:
        """Return the beginning of what a server said; some repeat the key."""
        return (words.replace(self._key, "[key]") if self._key else words)[:SAID_MAX]

    @asynccontextmanager
    async def _answer(
        self, body: Mapping[str, Any], idempotency_key: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session = self._session or self._open()
        try:
            async with session.post(
                self._url, data=orjson.dumps(body), headers={"idempotency-key": idempotency_key}
            ) as response:
                if response.status // 100 != 2:
                    raise Declined(
                        response.status, self.without_key(_reason(await response.read()))
                    )
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            where, said = urlsplit(self._url).hostname, self.without_key(str(exc) or repr(exc))
            raise ModelAway(f"no answer about {body['model']} from {where}: {said}") from exc

    def _open(self) -> aiohttp.ClientSession:
        wait = self._timeout_s
        told = {"authorization": f"Bearer {self._key}"} if self._key else {}
        trusted = ssl.create_default_context()
        trusted.load_verify_locations(certifi.where())  # a slim container has no store of its own
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=trusted),  # the worker bounds its calls
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=wait, sock_read=wait),
            headers={"content-type": "application/json", **told},
            proxy=_proxy(self._url),
        )
        return self._session


def _proxy(url: str) -> str | None:
    """Return the environment's proxy for a URL; aiohttp's own look-up costs more than a request."""
    place = urlsplit(url)
    if proxy_bypass(place.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(place.scheme) or proxies.get("all")


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines, whatever the pieces they arrive in."""
    left = b""
    async for piece in pieces:
        *whole, left = (left + piece).split(b"\n")
        for line in whole:
            yield line
    yield left


def _reason(body: bytes) -> str:
    """Return the message of an error in OpenAI's shape, or what there is instead."""
    try:
        return str(orjson.loads(body)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace")
