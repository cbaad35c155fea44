"""What clients said of their responses, which are runs in the log."""

from dataclasses import dataclass

from streams.ids import RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHidden:
    """Its client deleted a response: the doors of responses know it no more, the log still does."""

    run_id: RunId


ResponseEvent = ResponseHidden

EVENTS: tuple[type, ...] = (ResponseHidden,)
