"""How long to ask a world that is away, and how often; and how often to look at a log."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from streams.errors import Transient

T = TypeVar("T")
#: Runs something slow beside the loop.
Offload = Callable[..., Coroutine[Any, Any, Any]]

#: Between looks at a log by who only watches, unless so much came at once that there is more.
REST_S, MANY = 0.2, 100
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0


async def patiently(
    attempt: Callable[[], Awaitable[T]],
    *,
    limit_s: float | None = None,
    told: Callable[[Transient], None] = lambda _: None,
) -> T:
    """Return what `attempt` returns, asking again after every Transient with growing pauses.

    `told` hears of each failure. Raises the last Transient once `limit_s` seconds are over.
    """
    wait_s, deadline = FIRST_PAUSE_S, None if limit_s is None else time.monotonic() + limit_s
    while True:
        try:
            return await attempt()
        except Transient as error:
            if deadline is not None and time.monotonic() + wait_s > deadline:
                raise
            told(error)
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_PAUSE_S)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so long, or until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def rested(stop: asyncio.Event, came: int) -> None:
    """Rest before the next look, after one at which so many records came.

    Nobody waits for who only watches: to be sent every event by itself costs each request.
    """
    if came < MANY:
        await pause(stop, REST_S)


async def at_once(work: Callable[..., T], *arguments: Any) -> T:
    """Return what `work` returns: an attempt for `patiently` that waits for nothing itself."""
    return work(*arguments)


async def all_of(pauses: Iterable[Awaitable[None]]) -> None:
    """Wait for one after the other."""
    for pause in pauses:
        await pause
