"""`aether fork`: a run told again from one event on, with something changed."""

import asyncio
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import click

from cli.forks import as_row, as_text
from cli.history import EFFECTS, deciders_of, recorded_in, traveller, whole_record
from cli.naming import LATEST, event_named, parsed, run_named
from cli.output import emit_one, formatted, say
from cli.retelling import settled
from processors.adapters.opened import Adapters
from replay.fork import Branch, Forked, Forker, How, Perform
from replay.forks import kept, past_of_any
from replay.grid import under
from replay.past import Past
from replay.recorded import Outside, Recorded
from streams.envelope import Envelope
from streams.events.sessions import RequestReceived
from streams.ids import EventId
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.topics import FORKS, SESSIONS

MARKS = {How.SHARED: " ", How.CHANGED: "*", How.RECORDED: "=", How.STUBBED: "?", How.LIVE: "!"}


@click.command()
@click.argument("run", default=LATEST)
@click.option("--at", default=RequestReceived.__name__, help="The event to branch at: id or kind.")
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
    otherwise a stand-in is left and marked. RUN is an id, whole or cut short, or `latest`. `--set
    @grid.KIND.PATH=VALUE` changes facts in force, `--set @grid=now` puts those of now in force.
    """
    past, forked = tell_again(
        read_settings(), run, at, dict(map(parsed, changes)), live=live, anywhere=anywhere
    )
    emit_one(output, as_row(forked), as_text(past, forked))


def tell_again(
    settings: Settings,
    run: str,
    at: str,
    changes: Mapping[str, Any],
    *,
    live: bool = False,
    anywhere: bool = False,
) -> tuple[Past, Forked]:
    """Fork a run or a fork at an event, named by its id or kind, and keep what came of it."""
    with Client(settings) as client:
        goes = traveller(settings, client)
        past = past_of_any(run_named(run, client), deciders_of(SESSIONS.name), goes)
        end = client.log.span(SESSIONS.name, past.began.partition).end
        changes = settled(changes, end)
        past = under(past, changes, goes)
        with closing(whole_record(settings, client)) as whole:
            recorded = Recorded(whole.effects, whole) if anywhere else recorded_in([past.stream])
            forker = Forker(recorded, _performing(settings) if live else None)
            forked = forker.fork(past, Branch(at=event_named(at, past), changes=changes))
        _keep(client, forked)
    return past, forked


def _keep(client: Client, forked: Forked) -> None:
    client.send(FORKS, forked.fork_id, kept(forked, client.wire), EventId(forked.fork_id))
    client.flush()


def _performing(settings: Settings) -> Perform:
    """Return what calls an effect for real."""
    say("calling what is not recorded", fg="yellow")

    def perform(effect: Outside, cause: Envelope[Any]) -> Any:
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
