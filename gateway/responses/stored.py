"""Responses that can be asked for again: runs in the log, but those that their clients deleted."""

from typing import NamedTuple

from gateway.api.live import Reading
from gateway.errors import ApiError, away, invalid
from gateway.followed import Followed
from gateway.responses import body as said
from gateway.responses.shown import PREFIX, Told, response_id
from streams.envelope import Envelope
from streams.errors import Poison
from streams.events.responses import ResponseHidden
from streams.events.sessions import Message, RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.runs import events_of
from streams.io.wire import Wire
from streams.log import EventLog, Record
from streams.scopes import Owner, scope_of
from streams.topics import RESPONSES

KNOWN_WITHIN_S = 10.0


class Hidden:
    """The responses that were deleted: a fold of what doors were told."""

    def __init__(self, log: EventLog, wire: Wire) -> None:
        self.followed = Followed(log, RESPONSES, self._learn)
        self._wire = wire
        self._runs: set[RunId] = set()

    async def has(self, run_id: RunId) -> bool:
        """Whether a response was deleted. Raises ApiError while that is not known."""
        if not await self.followed.caught_up(KNOWN_WITHIN_S):
            raise away("which responses were deleted is not known yet")
        return run_id in self._runs

    def add(self, run_id: RunId) -> None:
        """Hide a response whose deletion is in the log."""
        self._runs.add(run_id)

    def _learn(self, record: Record) -> None:
        try:
            if self._wire.codec.kind_of(record.value) is ResponseHidden:
                self.add(self._wire.open(record).event.run_id)
        except Poison:
            return


class Earlier(NamedTuple):
    """What was said before, in which session, and whether that one is remembered."""

    turns: list[Message]
    session: str | None
    remembered: bool


class Stored:
    """The responses in the log."""

    def __init__(self, reading: Reading, hidden: Hidden) -> None:
        self._reading = reading
        self._hidden = hidden

    async def told(self, run_id: RunId) -> tuple[Told, ResponseCompleted | RunFailed | None]:
        """Return a response with its end, if it has one. Raises ApiError if there is none."""
        if await self._hidden.has(run_id):
            raise _unknown(run_id)
        reading = self._reading
        events = await reading.aside(lambda: events_of(run_id, reading.log, reading.wire))
        first = events[0] if events else None
        if first is None or not isinstance(first.event, RequestReceived):
            raise _unknown(run_id)
        told = _of_record(first)
        if not told.is_stored:
            raise _unknown(run_id)
        last = events[-1].event
        return told, last if isinstance(last, ResponseCompleted | RunFailed) else None

    async def earlier(self, previous: str | None) -> Earlier:
        """Return what a response goes on with. Raises ApiError."""
        if previous is None:
            return Earlier([], None, remembered=False)
        try:
            told, ended = await self.told(RunId(previous.removeprefix(PREFIX)))
        except ApiError as error:
            if error.status != 404:
                raise
            message = f"there is no response {previous!r}"
            raise ApiError(404, "invalid_request_error", "previous_response_not_found", message,
                           "previous_response_id") from None  # fmt: skip
        if not isinstance(ended, ResponseCompleted):
            raise invalid(f"response {previous!r} has no answer", "previous_response_id")
        own = scope_of(Owner.SESSION, told.session)
        turns = said.turns(told.request, told.instructed, ended)
        return Earlier(turns, told.session, told.request.remember_in == own)


def _of_record(first: Envelope[RequestReceived]) -> Told:
    return Told(
        first.event.run_id, first.key, first.recorded_at_ms // 1000, first.event, first.head
    )


def _unknown(run_id: RunId) -> ApiError:
    message = f"there is no response {response_id(run_id)[:100]!r}"
    return ApiError(404, "invalid_request_error", "response_not_found", message)
