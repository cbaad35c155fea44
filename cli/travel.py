"""`aether state`: what the deciders knew of a key, or of a run's session, at any moment."""

from typing import Any

import click

from cli.history import traveller
from cli.naming import KINDS, LATEST, Unknown, run_named, time_of
from cli.output import emit, formatted
from processors.deciders import DECIDERS
from replay.runs import events_of
from replay.travel import Known, Moment, Traveller
from streams.envelope import Envelope
from streams.errors import Misconfigured
from streams.ids import EventId
from streams.io.client import Client
from streams.io.settings import Settings, read_settings
from streams.plain import Plain, form_of, text_of
from streams.topics import EVENT_TOPICS, SESSIONS, Topic

AREAS = {topic.name.split(".")[1]: topic for topic in EVENT_TOPICS}
NOW = "now"
RUN_MIN = 8
ID_CHARACTERS = set("0123456789abcdef-")
TEXT_MAX, LIST_MAX = 60, 5


@click.command()
@click.argument("key", default=LATEST)
@click.option("--at", help="An event's id, or its kind for a run; an offset; a time; `now`.")
@click.option(
    "--area", type=click.Choice(list(AREAS)), default="sessions", help="What the key is a key of."
)
@formatted
def state(key: str, at: str | None, area: str, output: str) -> None:
    """Show the state of a session, scope or capability as it was, and the facts in force.

    A session can be named by one of its runs, whole or cut short, or `latest`; its state is then
    that of the run's end. At an event: once it had been taken in. At an offset or time: before what
    came then.
    """
    rows = [_row(known, output) for known in known_at(read_settings(), AREAS[area], key, at)]
    emit(output, rows, ["decider", "position", "state"])


def known_at(settings: Settings, topic: Topic, name: str, at: str | None) -> list[Known]:
    """Return what a topic's deciders knew of a key, or of a run's session, at a moment.

    Raises Unknown for a key that nothing was ever told of.
    """
    with Client(settings) as client:
        goes = traveller(settings, client)
        key, moment = _place(client, goes, topic, name, at)
        deciders = [decider for decider in DECIDERS if decider.topic == topic]
        found = goes.known(deciders, key, moment)
        begun = [form_of(decider.state_type).dump(decider.initial) for decider in deciders]
        if [known.state for known in found] == begun and not goes.knows(topic, key):
            raise Unknown(
                f"nothing was ever told of {key!r} in {topic.name}",
                fix="see `aether run list`, or name another `--area`",
            )
        return found


def _place(
    client: Client, goes: Traveller, topic: Topic, key: str, at: str | None
) -> tuple[str, Moment]:
    """Return the key and the moment that are meant."""
    run = _run(client, goes, key) if topic is SESSIONS else None
    if run is None:
        return key, _moment(goes, topic, key, at or NOW)
    session = run[0].key
    if at is None:
        return session, goes.moment_after(run[-1])
    if at in KINDS:
        found = next((e for e in run if type(e.event) is KINDS[at]), None)
        if found is None:
            raise Misconfigured(f"{run[0].run_id} has no {at}", fix="see `aether run show`")
        return session, goes.moment_after(found)
    return session, _moment(goes, topic, session, at)


def _run(client: Client, goes: Traveller, name: str) -> list[Envelope[Any]] | None:
    """Return the events of a run, if one is called so; a short name is that of a session.

    What looks like no id of ours is first taken for a session: to find no run reads all of the log.
    """
    if name != LATEST and len(name) < RUN_MIN:
        return None
    if name != LATEST and not set(name) <= ID_CHARACTERS and goes.knows(SESSIONS, name):
        return None
    try:
        return events_of(run_named(name, client), client.log, client.wire) or None
    except Unknown:
        if name == LATEST:
            raise
        return None


def _moment(goes: Traveller, topic: Topic, key: str, at: str) -> Moment:
    if at == NOW:
        return goes.moment_now(topic, key)
    if at.isdigit():
        return goes.moment_now(topic, key)._replace(position=int(at))
    found = goes.find(topic, key, EventId(at))
    if found is not None:
        return goes.moment_after(found)
    try:
        return goes.moment_at(topic, key, time_of(at))
    except Misconfigured:
        raise Misconfigured(
            f"{at!r} is no event of {key} in {topic.name}, and no time",
            fix="see `aether run show`, or write a time as 2026-01-31T12:00:00+00:00",
        ) from None


def as_data(known: Known) -> dict[str, Any]:
    """Return what a decider knew as data."""
    return {
        "decider": known.decider,
        "partition": known.moment.partition,
        "position": known.moment.position,
        "state": known.state,
        "grid": known.grid,
        "records_read": known.read,
    }


def _row(known: Known, output: str) -> dict[str, Any]:
    told = as_data(known)
    return {**told, "state": in_short(known.state)} if output == "text" else told


def in_short(state: Plain) -> str:
    """Return a state on one line, its long texts and lists cut short; `-o json` has them whole."""
    return text_of(_cut(state))


def _cut(plain: Plain) -> Plain:
    if isinstance(plain, str) and len(plain) > TEXT_MAX:
        return f"{plain[: TEXT_MAX // 2]}… {len(plain)} characters"
    if isinstance(plain, list):
        more = [f"… {len(plain)} in all"] if len(plain) > LIST_MAX else []
        return [_cut(each) for each in plain[:LIST_MAX]] + more
    if isinstance(plain, dict):
        return {name: _cut(value) for name, value in plain.items()}
    return plain
