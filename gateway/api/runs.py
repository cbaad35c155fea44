"""`/api/runs`: what was asked and what became of it, the newest first; one run, and its events."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.api import places, queries
from gateway.api.events import LAST_EVENT_ID
from gateway.api.live import Reading
from gateway.api.shown import told
from gateway.errors import refused
from streams import envelope as env
from streams.errors import Poison
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import ENDS, Events, events_of
from streams.io.summaries import Summary, page_of_runs, summary_of
from streams.io.wire import Wire
from streams.log import Record
from streams.topics import SESSIONS

OUTCOMES = ("open", "completed", "failed")
LIMIT_MAX = 200
EVENTS_PATH = "/api/runs/{run_id}/events"


class RunHistory:
    """The routes."""

    def __init__(self, wire: Wire, reading: Reading) -> None:
        self._wire = wire
        self._reading = reading
        self.routes = [
            Route("/api/runs", self.listed, methods=["GET"]),
            Route("/api/runs/{run_id}", self.one, methods=["GET"]),
            Route(EVENTS_PATH, self.events, methods=["GET"]),
        ]

    async def listed(self, request: Request) -> Response:
        """List runs, the newest first."""
        queries.checked(request, "cursor", "limit", "outcome", "session", "capability", "q")
        limit, wanted = queries.limit_of(request, LIMIT_MAX), _wanted(request)
        return await self._reading.aside(partial(self._list, request, limit, wanted))

    def _list(
        self, request: Request, limit: int, wanted: Callable[[Summary], bool]
    ) -> JSONResponse:
        log, cursor = self._reading.log, request.query_params.get("cursor")
        below = None if cursor is None else places.read(cursor, log, SESSIONS.name, "cursor")
        runs, left = page_of_runs(log, self._wire, limit, below, wanted)
        cursor = None if left is None else places.written(left)
        return JSONResponse({"data": list(map(run_shown, runs)), "next_cursor": cursor})

    async def one(self, request: Request) -> Response:
        """Return one run with its answer."""
        queries.checked(request)
        events = await self._events(request)
        summary = summary_of(events)
        if summary is None:
            raise _nothing(request.path_params["run_id"])
        return JSONResponse({**run_shown(summary), **ending(events), "events": len(events)})

    async def events(self, request: Request) -> Response:
        """Return a run's events: as a page, or as a stream that ends when the run does.

        Who comes back from behind the end is told 204: there is nothing more to wait for.
        """
        queries.checked(request)
        events = await self._events(request)
        if not queries.streams(request):
            return JSONResponse({"data": list(map(told, events)), "next_cursor": None})
        last = request.headers.get(LAST_EVENT_ID)
        start = await self._reading.aside(partial(self._start, events, last))
        ended = events[-1]
        if isinstance(ended.event, ENDS) and start[ended.partition] > ended.offset:
            return Response(status_code=204)  # what a browser no longer reconnects after
        run_id = events[0].run_id.encode()

        def wanted(record: Record) -> bool:
            return (env.CORRELATION, run_id) in record.headers

        return self._reading.stream(SESSIONS.name, start, wanted, self._ends)

    def _start(self, events: Events, last: str | None) -> places.Places:
        """Return where to begin: at the run's first event, and nowhere else before the end."""
        log, first = self._reading.log, events[0]
        if last:
            return places.read(last, log, SESSIONS.name, LAST_EVENT_ID)
        ends = places.named(places.END, log, SESSIONS.name)
        return places.moved(ends, first.partition, first.offset)

    async def _events(self, request: Request) -> Events:
        run_id = RunId(request.path_params["run_id"])
        events = await self._reading.aside(lambda: events_of(run_id, self._reading.log, self._wire))
        if not events:
            raise _nothing(run_id)
        return events

    def _ends(self, record: Record) -> bool:
        try:
            return self._wire.codec.kind_of(record.value) in ENDS
        except Poison:
            return False


def run_shown(run: Summary) -> dict[str, Any]:
    """Return a run in short, as JSON."""
    outcome = run.outcome.partition(":")[0]
    asked = env.rfc3339(run.asked_at_ms).decode()
    return {**run._asdict(), "outcome": outcome, "reason": run.reason or None, "asked_at": asked}


def ending(events: Events) -> dict[str, Any]:
    """Return what a run ended with."""
    ended = events[-1].event
    if isinstance(ended, ResponseCompleted):
        citations = [
            {"marker": c.marker, "title": c.title, "uri": c.uri, "quote": c.quote}
            for c in ended.citations
        ]
        return {"answer": ended.text, "finish_reason": ended.finish_reason, "citations": citations}
    detail = ended.detail if isinstance(ended, RunFailed) else None
    return {"answer": None, "detail": detail, "citations": []}


def _wanted(request: Request) -> Callable[[Summary], bool]:
    query = request.query_params
    outcomes = queries.words_of(request, "outcome", OUTCOMES)
    session, capability, words = query.get("session"), query.get("capability"), query.get("q", "")

    def wanted(run: Summary) -> bool:
        return (
            (not outcomes or run.outcome.partition(":")[0] in outcomes)
            and session in (None, run.session)
            and capability in (None, run.capability)
            and words.casefold() in run.question.casefold()
        )

    return wanted


def _nothing(run_id: str) -> Exception:
    return refused(404, "unknown_run", f"no event of run {run_id[:100]!r} is in the log")
