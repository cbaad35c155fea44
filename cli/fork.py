"""`aether fork`: a run told again from one event on, with something changed."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import click

from cli.history import EFFECTS, deciders_of, recorded_in, traveller, whole_record
from cli.output import emit_one, formatted, say
from cli.summaries import summary_of
from processors.adapters.opened import Adapters
from replay.diff import diff
from replay.fork import Branch, Forked, Forker, How, Perform
from replay.forks import kept, past_of_any
from replay.past import Past
from replay.recorded import Outside
from streams.effects import Safety
from streams.envelope import Envelope
from streams.errors import Misconfigured
from streams.events import sessions
from streams.ids import EventId, RunId
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.topics import FORKS, SESSIONS

KINDS = {kind.__name__: kind for kind in sessions.EVENTS}
MARKS = {How.SHARED: " ", How.CHANGED: "*", How.RECORDED: "=", How.STUBBED: "?", How.LIVE: "!"}


@click.command()
@click.argument("run")
@click.option("--at", required=True, help="The event to branch at: its id, or its kind.")
@click.option(
    "--set", "changes", multiple=True, metavar="PATH=VALUE", help="What is changed there."
)
@click.option("--live", is_flag=True, help="Call effects whose outcome is not recorded.")
@click.option("--anywhere", is_flag=True, help="Take outcomes from every run of the log.")
@formatted
def fork(
    run: str, at: str, changes: tuple[str, ...], live: bool, anywhere: bool, output: str
) -> None:
    """Tell RUN, or a fork, again from one event on; the original is untouched.

    What came before is shared; effects are answered from the record where the request is the same,
    otherwise a stand-in is left and marked.
    """
    past, forked = tell_again(
        read_settings(), RunId(run), at, dict(map(parsed, changes)), live=live, anywhere=anywhere
    )
    emit_one(output, as_row(forked), as_text(past, forked))


def tell_again(
    settings: Settings,
    run: RunId,
    at: str,
    changes: Mapping[str, Any],
    *,
    live: bool = False,
    anywhere: bool = False,
) -> tuple[Past, Forked]:
    """Fork a run or a fork at an event, named by its id or kind, and keep what came of it."""
    with Client(settings) as client:
        past = past_of_any(run, deciders_of(SESSIONS.name), traveller(settings, client))
        recorded = whole_record(client) if anywhere else recorded_in([past.stream])
        forker = Forker(recorded, _performing(settings) if live else None)
        forked = forker.fork(past, Branch(at=_event(past, at), changes=changes))
        _keep(client, forked)
    return past, forked


def parsed(change: str) -> tuple[str, Any]:
    """Read `path=value`; a value that is not JSON is text. Raises Misconfigured without a `=`."""
    path, mark, value = change.partition("=")
    if not mark or not path:
        raise Misconfigured(f"{change!r} changes nothing", fix="write it as path=value")
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


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


def _event(past: Past, at: str) -> EventId:
    if at not in KINDS:
        return EventId(at)
    found = past.first(KINDS[at])
    if found is None:
        raise Misconfigured(f"{past.name} has no {at}", fix="see `aether run show`")
    return found


def _keep(client: Client, forked: Forked) -> None:
    client.send(FORKS, forked.fork_id, kept(forked, client.wire), EventId(forked.fork_id))
    client.flush()


def _performing(settings: Settings) -> Perform:
    """Return what calls an effect for real, unless it must never be repeated."""
    say("calling what is not recorded", fg="yellow")

    def perform(effect: Outside, cause: Envelope[Any]) -> Any:
        if effect.safety is Safety.UNREPEATABLE:
            raise PermissionError(f"{effect.name} cannot be undone, so no fork may call it")
        return asyncio.run(_once(settings, effect, cause))

    return perform


async def _once(settings: Settings, effect: Outside, cause: Envelope[Any]) -> Any:
    adapters = Adapters(settings)
    try:
        opening = next(opening for kind, opening in EFFECTS.items() if kind.name == effect.name)
        (outcome,) = await opening(adapters).perform([cause])
        return outcome
    finally:
        await adapters.close()
