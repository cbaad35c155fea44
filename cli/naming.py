"""How people name things of history: a run, an event of it, a moment, a change.

A run may be called `latest`, a fork `latest-fork`, both by an id cut short at either end; an event
by its kind.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from replay.forks import kept_forks
from replay.past import Past
from replay.runs import events_of, latest
from replay.where import Condition
from streams.errors import Misconfigured
from streams.events import sessions
from streams.ids import EventId, RunId
from streams.io.client import Client

KINDS = {kind.__name__: kind for kind in sessions.EVENTS}
LATEST, LATEST_FORK = "latest", "latest-fork"
#: Among how many runs an id cut short is looked for.
SEARCHED = 2_000
WHOLE = 36


class Unknown(Misconfigured):
    """No run is called so."""


def run_named(given: str, client: Client) -> RunId:
    """Return the id of the run or fork that is meant. Raises Unknown, or Misconfigured if several.

    A whole id is taken as it is: whether there is such a run is seen where it is read.
    """
    if given == LATEST:
        newest = latest(1, client.log, client.wire)
        if not newest:
            raise Unknown("no run is in the log", fix="ask something: `aether ask`")
        return newest[0].run_id
    if given == LATEST_FORK:
        forks = list(kept_forks(client.log, client.wire))
        if not forks:
            raise Unknown("no fork is in the log", fix="make one: `aether fork`")
        return max(forks, key=lambda fork: (fork.at_ms, fork.fork_id)).fork_id
    if len(given) == WHOLE:
        return RunId(given)
    meant = [run for run in dict.fromkeys(_known(client)) if fits(given, run)]
    if given in meant:
        return RunId(given)
    if len(meant) > 1:
        raise Misconfigured(
            f"{given} may be any of {', '.join(meant[:3])}", fix="give more of the id"
        )
    if meant:
        return meant[0]
    if events_of(RunId(given), client.log, client.wire):  # of another make, or old
        return RunId(given)
    raise Unknown(f"no event of run {given} is in the log", fix="see `aether run list`")


def fits(given: str, run: str) -> bool:
    """Whether an id, or one end of it, was given."""
    return run.startswith(given) or run.endswith(given)


def event_named(at: str, past: Past) -> EventId:
    """Return the event of a run that is meant by its id or kind. Raises Misconfigured."""
    if at not in KINDS:
        ids = [e.event_id for e in past.stream if fits(at, e.event_id)]
        if len(ids) == 1:
            return ids[0]
        raise Misconfigured(
            f"{past.name} has {'no' if not ids else 'more than one'} event {at}",
            fix=f"see `aether run show {past.name} -o jsonl`, or name a kind: {', '.join(KINDS)}",
        )
    found = past.first(KINDS[at])
    if found is None:
        raise Misconfigured(f"{past.name} has no {at}", fix=f"see `aether run show {past.name}`")
    return found


def parsed(change: str) -> tuple[str, Any]:
    """Read `path=value`; a value that is not JSON is text. Raises Misconfigured without a `=`."""
    path, mark, value = change.partition("=")
    if not mark or not path:
        raise Misconfigured(f"{change!r} changes nothing", fix="write it as path=value")
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


def time_of(text: str) -> int:
    """Return a Unix time in milliseconds. Raises Misconfigured for what is no time."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Misconfigured(
            f"{text!r} is no time", fix="write it as 2026-01-31T12:00:00+00:00"
        ) from None


def _known(client: Client) -> Iterator[RunId]:
    yield from (summary.run_id for summary in latest(SEARCHED, client.log, client.wire))
    yield from (fork.fork_id for fork in kept_forks(client.log, client.wire))


@lru_cache(maxsize=256)  # asked of every run
def condition_of(text: str) -> Condition:
    """Read a condition, `RequestRouted.capability=answer`.

    Raises Misconfigured for an event or a field that there is not.
    """
    place, value = parsed(text)
    name, _, path = place.partition(".")
    kind: Any = KINDS.get(name)
    if kind is None or not path:
        known = ", ".join(KINDS)
        raise Misconfigured(
            f"{place} is no field of an event", fix=f"write KIND.PATH=VALUE; kinds are {known}"
        )
    names = [field.name for field in fields(kind)]
    if path.partition(".")[0] not in names:
        raise Misconfigured(f"{name} has no {path}", fix=f"there is: {', '.join(names)}")
    return Condition(name, path, value)
