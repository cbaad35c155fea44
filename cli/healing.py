"""`aether healing`: what the grid may do about its own trouble, and what it did."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from cli.output import emit, formatted, say, time_text
from cli.summaries import summary_of
from processors.healing.policy import NOTHING_ALLOWED
from streams.envelope import Envelope
from streams.events.healing import EVENTS, CallsCounted, HealingPolicySet
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import GRID_KEY, OBSERVATIONS

SHOWN = 50
#: What is counted is no action; `aether consume aether.observations.events` shows it.
ACTIONS = frozenset(EVENTS) - {CallsCounted}
SHARE = click.FloatRange(0, 1, min_open=True)
#: As far back as a worker that starts looks for a breaker that was opened.
OPEN_MAX_S = 600
SECONDS = click.FloatRange(0, min_open=True)


class Workers(click.ParamType):
    """How many workers there may be: `1..3`."""

    name = "MIN..MAX"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the two bounds."""
        least, _, most = str(value).partition("..")
        if not (least.isdecimal() and most.isdecimal() and 1 <= int(least) <= int(most)):
            self.fail(f"{value!r} is not like 1..3", param, ctx)
        return int(least), int(most)


@click.command()
@click.option("--restart/--no-restart", default=None, help="Allow restarts of a worker, or not.")
@click.option("--after", "after_s", type=SECONDS, help="Trouble must last, s.  [at first: 30]")
@click.option("--cooldown", "cooldown_s", type=SECONDS, help="Rest, s.  [at first: 120]")
@click.option("--per-hour", type=click.IntRange(1), help="At most so often.  [at first: 3]")
@click.option("--workers", type=Workers(), help="So many workers, by lag.  [at first: 1..1]")
@click.option("--behind", "behind_s", type=SECONDS, help="Lag for another, s.  [at first: 30]")
@click.option(
    "--breakers/--no-breakers", default=None, help="Leave models alone that fail, or not."
)
@click.option("--failed-share", type=SHARE, help="Of a minute's calls.  [at first: 0.5]")
@click.option("--calls", "calls_min", type=click.IntRange(1), help="Of so many.  [at first: 5]")
@click.option(
    "--open",
    "open_s",
    type=click.FloatRange(0, OPEN_MAX_S, min_open=True),
    help="Leave alone for, s.  [at first: 30]",
)
@formatted
def healing(workers: tuple[int, int] | None, output: str, **given: Any) -> None:
    """Show what was done about trouble and why; with an option, change what may be done."""
    wanted = {name: value for name, value in given.items() if value is not None}
    if workers is not None:
        wanted |= {"workers_min": workers[0], "workers_max": workers[1]}
    with Client(read_settings(), [OBSERVATIONS]) as client:
        if wanted:
            policy = replace(_in_force(client), **wanted)
            event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
            client.send(OBSERVATIONS, GRID_KEY, policy, event_id)
            client.flush()
            say(summary_of(policy))
            return
        emit(output, _rows(client, output)[-SHOWN:], ["at", "event", "group", "what"])


def _in_force(client: Client) -> HealingPolicySet:
    """Return the policy that was set last, or what holds before any is."""
    policy = NOTHING_ALLOWED
    for envelope in _read(client, frozenset({HealingPolicySet})):
        policy = envelope.event
    return policy


def _rows(client: Client, output: str) -> list[dict[str, Any]]:
    rows = dict[str, dict[str, Any]]()
    for envelope in _read(client, ACTIONS):
        row = {
            "at": time_text(envelope.recorded_at_ms, output),
            "event": type(envelope.event).__name__,
            "group": envelope.key,
            "what": summary_of(envelope.event),
        }
        rows.setdefault(envelope.event_id, row)
    return list(rows.values())


def _read(client: Client, kinds: frozenset[type]) -> Iterator[Envelope[Any]]:
    span = client.log.span(OBSERVATIONS.name, 0)
    for records in client.log.read(OBSERVATIONS.name, 0, span.first, span.end):
        yield from client.wire.opened(records, kinds)
