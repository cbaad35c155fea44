"""`aether run`: what happened, run by run and event by event."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from cli.output import emit, emit_one, formatted, say
from cli.summaries import summary_of
from replay.runs import Events, children, events_of, latest
from streams.envelope import Envelope, author_of
from streams.events.sessions import ResponseCompleted, RunFailed
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import SESSIONS

QUESTION_MAX = 60
TAKE_S = 0.5


@click.group()
def run() -> None:
    """List runs, or show one from cause to effect."""


@run.command("list")
@click.option("--limit", default=20, help="How many, the newest first.")
@formatted
def list_(limit: int, output: str) -> None:
    """Show the latest runs."""
    with Client(read_settings()) as client:
        rows = [
            {
                "run": s.run_id,
                "asked": _time(s.asked_at_ms),
                "ms": "" if s.milliseconds is None else s.milliseconds,
                "outcome": s.outcome,
                "session": s.session,
                "question": s.question if output != "text" else _short(s.question),
            }
            for s in latest(limit, client.log, client.wire)
        ]
    emit(output, rows, ["run", "asked", "ms", "outcome", "question"])


@run.command()
@click.argument("run_id")
@formatted
def show(run_id: str, output: str) -> int:
    """Show one run: every event under its cause, with the milliseconds since the request."""
    with Client(read_settings()) as client:
        events = events_of(RunId(run_id), client.log, client.wire)
    if not events:
        say(f"no event of run {run_id} is in the log", fg="red")
        return 1
    if output == "text":
        click.echo(tree(events))
    else:
        emit(output, [_row(event) for event in events], [])
    return 0


@run.command()
@click.argument("run_id", required=False)
@formatted
def watch(run_id: str | None, output: str) -> None:
    """Follow events as they happen, of one run until it ends, or of all until Ctrl-C."""
    with Client(read_settings()) as client:
        ends = {
            (SESSIONS.name, p): client.log.span(SESSIONS.name, p).end
            for p in range(client.log.partitions(SESSIONS.name))
        }
        seen = events_of(RunId(run_id), client.log, client.wire) if run_id else []
        for event in seen:
            _print(event, output)
        follower = client.log.follow(ends)
        while not (run_id and any(_ends(event) for event in seen)):
            for record in follower.take(TAKE_S):
                if client.wire.codec.kind_of(record.value) is not None:
                    event = client.wire.open(record)
                    if not run_id or event.run_id == run_id:
                        seen = [event]
                        _print(event, output)


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
        "time": _time(event.recorded_at_ms),
        "by": _author(event),
        "cause": event.cause_id,
        "place": f"{event.topic}/{event.partition}@{event.offset}",
        "payload": payload,
    }


def _author(event: Envelope[Any]) -> str:
    return author_of(event.head) or "gateway"


def _ends(event: Envelope[Any]) -> bool:
    return isinstance(event.event, ResponseCompleted | RunFailed)


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="milliseconds")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUESTION_MAX else line[: QUESTION_MAX - 1] + "…"
