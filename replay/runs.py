"""Runs as the log tells them: one as a tree of causes, or the latest ones in short."""

from collections.abc import Mapping

from streams.io.runs import Events, events_of
from streams.io.summaries import Summary, page_of_runs
from streams.io.wire import Wire
from streams.log import EventLog

__all__ = ["Events", "Summary", "children", "events_of", "latest"]


def latest(limit: int, log: EventLog, wire: Wire) -> list[Summary]:
    """Return the runs that began last, the newest first."""
    return page_of_runs(log, wire, limit).runs


def children(events: Events) -> Mapping[str, Events]:
    """Return the events that each event caused; those without a cause here stand under ''."""
    known = {event.event_id for event in events}
    found: dict[str, Events] = {}
    for event in events:
        cause = event.cause_id if event.cause_id in known else ""
        found.setdefault(cause or "", []).append(event)
    return found
