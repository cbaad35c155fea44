"""A request on its way, and the next thing its client may be told."""

import asyncio
from typing import NamedTuple, TypeVar

from gateway import chat
from gateway.errors import unknown
from gateway.named import Named
from gateway.runs import News
from streams.ids import RunId

T = TypeVar("T")


class Asked(NamedTuple):
    """A request on its way: its run, whom it names, and until when its client waits.

    An answer that is `kept` can be asked for later.
    """

    run_id: RunId
    names: Named
    body: chat.ChatRequest
    created: int
    deadline: float
    kept: bool

    @property
    def session(self) -> str:
        """Whose turn it is; a request that names no session has one of its own."""
        return self.names.session or self.run_id


async def next_news(news: asyncio.Queue[News], asked: Asked) -> News:
    """Wait for news of a run. Raises ApiError when its client's time is over."""
    return await heard_until(asked.deadline, news, asked.run_id)


async def heard_until(deadline: float, news: asyncio.Queue[T], run_id: RunId) -> T:
    """Wait for news until a time. Raises ApiError when it is over."""
    try:
        async with asyncio.timeout_at(deadline):
            return await news.get()
    except TimeoutError:
        raise unknown(run_id, "no answer in time") from None
