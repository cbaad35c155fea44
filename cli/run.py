"""`aether run`: what happened, run by run and event by event."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from cli.codes import FAILED, OK
from cli.forks import FORK_COLUMNS, fork_named, fork_rows
from cli.naming import LATEST, Unknown, run_named
from cli.output import emit, emit_one, formatted, say, time_text
from cli.summaries import summary_of
from replay.runs import Events, children, events_of, latest
from streams.envelope import Envelope, author_of, origin_of
from streams.errors import Poison
from streams.io.client import Client
from streams.io.runs import ENDS
from streams.io.settings import read_settings
from streams.ledger import Marks
from streams.topics import SESSIONS

QUESTION_MAX = 60
TAKE_S = 0.5


@click.group()
def run() -> None:
    """List runs, or show one from cause to effect."""


@run.command("list")
@click.option("--limit", default=20, type=click.IntRange(min=1), help="How many, the newest first.")
@click.option("--forks", is_flag=True, help="Show runs told again instead.")
@formatted
def list_(limit: int, forks: bool, output: str) -> None:
    """Show the latest runs, or the latest forks."""
    if forks:
        with Client(read_settings()) as client:
            emit(output, fork_rows(client, limit, output), FORK_COLUMNS)
        return
    with Client(read_settings()) as client:
        rows = [
            {
                "run": s.run_id,
                "asked": time_text(s.asked_at_ms, output),
                "ms": "" if s.milliseconds is None else s.milliseconds,
                "outcome": s.outcome,
                "session": s.session,
                "question": s.question if output != "text" else _short(s.question),
            }
            for s in latest(limit, client.log, client.wire)
        ]
    emit(output, rows, ["run", "asked", "ms", "outcome", "question"])


@run.command()
@click.argument("run_id", required=False)
@formatted
def show(run_id: str | None, output: str) -> int:
    """Show one run: every event under its cause, with the milliseconds since the request.

    Its id may be cut short at either end; without one, the latest run is shown. A fork is shown
    with how each event came about.
    """
    settings = read_settings()
    with Client(settings) as client:
        fork = fork_named(settings, client, run_id) if run_id else None
        events = [] if fork is not None else _events(client, run_id)
    if fork is not None:
        emit_one(output, *fork)
        return OK
    if not events:
        return FAILED
    if output == "text":
        click.echo(tree(events))
    else:
        emit(output, [_row(event) for event in events], [])
    return OK


@run.command()
@click.argument("run_id", required=False)
@formatted
def watch(run_id: str | None, output: str) -> int:
    """Follow events as they happen, of one run until it ends, or of all until Ctrl-C."""
    with Client(read_settings()) as client:
        ends = {
            (SESSIONS.name, p): client.log.span(SESSIONS.name, p).end
            for p in range(client.log.partitions(SESSIONS.name))
        }
        seen = _events(client, run_id) if run_id else []
        if run_id and not seen:
            return FAILED
        for event in seen if run_id else _following(client, ends):
            _print(event, output)
        if run_id and not any(map(_ends, seen)):
            known = {event.event_id for event in seen}
            for event in _following(client, ends):
                if event.run_id == seen[0].run_id and event.event_id not in known:
                    _print(event, output)
                    if _ends(event):
                        break
    return OK


def _events(client: Client, given: str | None) -> Events:
    """Return the events of the run that is named; none, and a word about it, if there is none."""
    try:
        run_id = run_named(given or LATEST, client)
    except Unknown as error:
        say(f"{error}; `aether run list` shows the latest", fg="red")
        return []
    events = events_of(run_id, client.log, client.wire)
    if not events:
        say(f"no event of run {given} is in the log; `aether run list` shows the latest", fg="red")
    return events


def _following(client: Client, starts: Mapping[tuple[str, int], int]) -> Iterator[Envelope[Any]]:
    """Yield every event that can be read, as it comes, each once."""
    marks = {partition: Marks() for _, partition in starts}
    with closing(client.log.follow(starts)) as follower:
        while True:
            for record in follower.take(TAKE_S):
                with suppress(Poison):  # its readers park it
                    if client.wire.codec.kind_of(record.value) is None:
                        continue
                    event = client.wire.open(record)
                    if not marks[record.partition].repeats(
                        origin_of(event.head, event.offset), event.key
                    ):
                        yield event


def tree(events: Events) -> str:
    """Return a run as a tree of causes."""
    first = events[0]
    took = events[-1].recorded_at_ms - first.recorded_at_ms
    lines = [f"run {first.run_id}  session {first.key}  {len(events)} events  {took} ms"]
    below = children(events)

    def draw(event: Envelope[Any], lead: str, last: bool) -> None:
        at = event.recorded_at_ms - first.recorded_at_ms
        name = f"{lead}{'└─ ' if last else '├─ '}{type(event.event).__name__}"
        lines.append(f"{name:44} {_author(event):13} {at:>5} ms  {summary_of(event.event)}")
        effects = below.get(event.event_id, [])
        for number, effect in enumerate(effects, 1):
            draw(effect, lead + ("   " if last else "│  "), number == len(effects))

    roots = below.get("", [])
    for number, root in enumerate(roots, 1):
        draw(root, "", number == len(roots))
    return "\n".join(lines)


def _print(event: Envelope[Any], output: str) -> None:
    name, said = type(event.event).__name__, summary_of(event.event)
    at = datetime.fromtimestamp(event.recorded_at_ms / 1000).astimezone().strftime("%H:%M:%S.%f")
    text = f"{at[:-3]}  {event.run_id}  {name:20} {_author(event):13} {said}"
    emit_one("text" if output == "text" else "jsonl", _row(event), text)


def _row(event: Envelope[Any]) -> dict[str, Any]:
    payload = {
        name: value if not isinstance(value, bytes) else f"<{len(value)} bytes>"
        for name, value in asdict(event.event).items()
    }
    return {
        "id": event.event_id,
        "type": type(event.event).__name__,
        "time": time_text(event.recorded_at_ms, "json"),
        "by": _author(event),
        "cause": event.cause_id,
        "place": f"{event.topic}/{event.partition}@{event.offset}",
        "payload": payload,
    }


def _author(event: Envelope[Any]) -> str:
    return author_of(event.head) or "gateway"


def _ends(event: Envelope[Any]) -> bool:
    return isinstance(event.event, ENDS)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUESTION_MAX else line[: QUESTION_MAX - 1] + "…"
