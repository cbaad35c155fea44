"""Every request has an id, said in `x-request-id`: that of the run it may start.

So whoever reports a failed request names the very run to look at.
"""

import os
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.ids import RunId, minted

REQUEST_ID = "x-request-id"
_NAME = "run_id"


class Identified:
    """Gives each request its id before anything else happens to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under an id of its own."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        run_id = RunId(minted(int(time.time() * 1000), os.urandom(10)))
        scope.setdefault("state", {})[_NAME] = run_id

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = run_id
            await send(message)

        await self._app(scope, receive, sent)


def run_of(request: Request) -> RunId:
    """Return the id of a request's run."""
    return RunId(getattr(request.state, _NAME))
