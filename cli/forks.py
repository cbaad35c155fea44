"""Forks as they are shown: every event with how it came about, and what it came to."""

from collections.abc import Mapping
from typing import Any

from cli.naming import Unknown, run_named
from cli.output import time_text
from cli.summaries import summary_of
from replay.diff import diff
from replay.fork import Forked, How
from replay.forks import find_fork, forked_of, kept_forks, past_of_any
from replay.past import Past
from streams.io.client import Client
from streams.io.settings import Settings
from streams.topics import SESSIONS

MARKS = {How.SHARED: " ", How.CHANGED: "*", How.RECORDED: "=", How.STUBBED: "?", How.LIVE: "!"}
FORK_COLUMNS = ["fork", "made", "origin", "changes", "events"]


def fork_rows(client: Client, limit: int, output: str) -> list[Mapping[str, Any]]:
    """Return the latest forks, the newest first."""
    forks = sorted(kept_forks(client.log, client.wire), key=lambda f: (f.at_ms, f.fork_id))
    return [
        {
            "fork": fork_id,
            "made": time_text(at_ms, output),
            "origin": made.origin,
            "at": made.at,
            "changes": ", ".join(f"{change.path}={change.value}" for change in made.changes),
            "events": len(made.steps),
        }
        for fork_id, made, at_ms in reversed(forks[-limit:])
    ]


def fork_named(
    settings: Settings, client: Client, name: str
) -> tuple[Mapping[str, Any], str] | None:
    """Return a fork as data and for a person, if one is called so."""
    try:
        fork_id = run_named(name, client)
    except Unknown:
        return None
    made = find_fork(fork_id, client.log, client.wire)
    if made is None:
        return None
    from cli.history import deciders_of, traveller  # slow to import, and few runs are forks

    origin = past_of_any(made.origin, deciders_of(SESSIONS.name), traveller(settings, client))
    forked = forked_of(fork_id, made, origin, client.wire)
    return as_row(forked), as_text(origin, forked)


def as_row(forked: Forked) -> dict[str, Any]:
    """Return a fork as data."""
    return {
        "fork": forked.fork_id,
        "origin": forked.origin,
        "at": forked.branch.at,
        "changes": dict(forked.branch.changes),
        **{how.value: forked.count(how) for how in How},
        "events": [
            {
                "event": type(envelope.event).__name__,
                "id": envelope.event_id,
                "how": how.value,
                "summary": summary_of(envelope.event),
            }
            for envelope, how in forked.steps
        ],
    }


def as_text(past: Past, forked: Forked) -> str:
    """Return a fork for a person: its events, and what it came to beside its origin."""
    lines = [f"fork {forked.fork_id} of {forked.origin}"]
    for envelope, how in forked.steps:
        name = type(envelope.event).__name__
        lines.append(f"{MARKS.get(how, '+')} {name:20} {how:9} {summary_of(envelope.event)}")
    own = [envelope for envelope in past.stream if envelope.run_id == past.run_id]
    compared = diff(own, forked.events)
    lines += ["", f"before: {compared.left.outcome}", f"after:  {compared.right.outcome}"]
    lines.append(f"compare: aether diff {forked.origin} {forked.fork_id}")
    return "\n".join(lines)
