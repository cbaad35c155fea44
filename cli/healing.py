"""`aether healing`: what the grid may do about its own trouble, and what it did."""

import os
import time
from typing import Any

import click

from cli.output import emit, formatted, say, time_text
from cli.summaries import summary_of
from streams.errors import Poison
from streams.events.healing import EVENTS, HealingPolicySet
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import GRID_KEY, OBSERVATIONS

SHOWN = 50


@click.command()
@click.option("--restart/--no-restart", default=None, help="Allow restarts of a worker, or not.")
@click.option("--after", "after_s", default=30.0, show_default=True, help="Trouble must last, s.")
@click.option("--cooldown", "cooldown_s", default=120.0, show_default=True, help="Rest, s.")
@click.option("--per-hour", default=3, show_default=True, help="At most so often.")
@formatted
def healing(
    restart: bool | None, after_s: float, cooldown_s: float, per_hour: int, output: str
) -> None:
    """Show what was done about trouble and why; with --restart, allow it."""
    with Client(read_settings(), [OBSERVATIONS]) as client:
        if restart is not None:
            policy = HealingPolicySet(
                restart=restart, after_s=after_s, cooldown_s=cooldown_s, per_hour=per_hour
            )
            event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
            client.send(OBSERVATIONS, GRID_KEY, policy, event_id)
            client.flush()
            say(summary_of(policy))
            return
        emit(output, _rows(client, output)[-SHOWN:], ["at", "event", "group", "what"])


def _rows(client: Client, output: str) -> list[dict[str, Any]]:
    span, rows = client.log.span(OBSERVATIONS.name, 0), dict[str, dict[str, Any]]()
    for records in client.log.read(OBSERVATIONS.name, 0, span.first, span.end):
        for record in records:
            if client.wire.codec.kind_of(record.value) not in EVENTS:
                continue
            try:
                envelope = client.wire.open(record)
            except Poison:
                continue
            row = {
                "at": time_text(envelope.recorded_at_ms, output),
                "event": type(envelope.event).__name__,
                "group": envelope.key,
                "what": summary_of(envelope.event),
            }
            rows.setdefault(envelope.event_id, row)
    return list(rows.values())
