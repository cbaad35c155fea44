"""`GET /api/lag`: every consumer group, once or as a stream of server-sent events."""

import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway import sse
from gateway.api import queries
from gateway.board import Board
from streams.io.lag_history import Observed
from streams.lag.figures import figures
from streams.lag.plain import group_json, probes_json

#: A proxy that hears nothing for a minute hangs up.
ALIVE_S = 15.0
ALIVE = b": alive\n\n"


class Lag:
    """The route; what is old says so by its age."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.routes = [Route("/api/lag", self.show)]

    async def show(self, request: Request) -> Response:
        """Answer with what is known now, or, to `Accept: text/event-stream`, with all that comes.

        Each event is the whole, so that one who comes back with `Last-Event-ID` misses nothing.
        """
        if queries.streams(request):
            return StreamingResponse(self._stream(), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)
        return JSONResponse(lag_shown(self._board.known))

    async def _stream(self) -> AsyncIterator[bytes]:
        known: Observed | None = self._board.known
        while True:
            if known is None:
                yield ALIVE
            else:
                shown = known
                yield b"id: %d\ndata: %s\n\n" % (known.offset, orjson.dumps(lag_shown(known)))
            known = await self._board.newer(shown.offset, ALIVE_S)
            if known is None and self._board.closed:
                return


def lag_shown(known: Observed) -> dict[str, Any]:
    """Return what is known of lag, as JSON, and how old it is."""
    groups = figures(known.lags)
    newest = max((group.at_ms for group in groups), default=None)
    age_s = None if newest is None else round(max(0.0, time.time() - newest / 1000), 3)
    return {
        "age_s": age_s,
        "groups": [group_json(group) for group in groups],
        "probes": probes_json(known.probes),
    }
