"""`/api/sessions/…/state`, `/api/runs/…/forks`: what was known at an event, and a run told again.

Deciding again is not the gateway's work: whoever starts it hands over what can. Nothing is called
outside: a fork's effects are answered from the record, or left open and marked.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api import queries
from gateway.api.idempotency import Idempotency
from gateway.api.live import Reading
from gateway.body import Bodies, parsed
from gateway.errors import invalid, refused
from streams.errors import Misconfigured

BODY_MAX = 262_144
NOW = "now"


class Retelling(Protocol):
    """Decides again from the log. Both raise Misconfigured for what there is not."""

    def state(self, session: str, at: str) -> list[dict[str, Any]]:
        """Return what every decider knew of a session at an event, an offset, a time or `now`."""

    def fork(self, run: str, at: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Tell a run again from an event on, with something changed, and keep it as a fork."""


class Retold:
    """The routes; one is worked on at a time, for each may read much of the log."""

    def __init__(
        self, retelling: Retelling, reading: Reading, answers: Idempotency, bodies: Bodies
    ) -> None:
        self._retelling = retelling
        self._reading = reading
        self._answers = answers
        self._bodies = bodies.up_to(BODY_MAX)
        self._turn = asyncio.Lock()
        self.routes = [
            Route("/api/sessions/{session:path}/state", self.state, methods=["GET"]),
            Route("/api/runs/{run_id}/forks", self.fork, methods=["POST"]),
        ]

    async def state(self, request: Request) -> Response:
        """Return a session's state, one entry for every decider."""
        queries.checked(request, "at")
        session, at = request.path_params["session"], request.query_params.get("at", NOW)
        async with self._turn:
            try:
                data = await self._reading.aside(partial(self._retelling.state, session, at))
            except Misconfigured as error:
                raise refused(404, "unknown_moment", f"{error}; {error.fix}") from None
        return JSONResponse({"data": data, "next_cursor": None})

    async def fork(self, request: Request) -> Response:
        """Tell a run again and return the fork: `{"at": EVENT, "set": {PATH: VALUE}}`."""
        body = await self._bodies.read(request)
        at, changes = _branch(parsed(body))

        async def told() -> Response:
            run = request.path_params["run_id"]
            work = partial(self._retelling.fork, run, at, changes)
            async with self._turn:
                try:
                    return JSONResponse(await self._reading.aside(work), 201)
                except Misconfigured as error:
                    raise refused(422, "unknown_branch", f"{error}; {error.fix}") from None

        return await self._answers.once(request, body, told)


def _branch(said: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(said, dict):
        raise invalid('a branch is an object: {"at": EVENT, "set": {PATH: VALUE}}')
    for name in said.keys() - {"at", "set"}:
        raise invalid(f"there is no {name!r} in a branch", f"/{name}"[:100])
    at, changes = said.get("at", "RequestReceived"), said.get("set", {})
    if not isinstance(at, str) or not at:
        raise invalid("at is an event's id or its kind", "/at")
    if not isinstance(changes, dict):
        raise invalid("set is an object of paths and their values", "/set")
    return at, changes
