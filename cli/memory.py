"""`aether memory`: what scopes remember, what became of it, and how to change it."""

import importlib
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from cli.output import emit, emit_one, formatted, say, shortened
from cli.scopes import SCOPE
from cli.sending import send
from cli.summaries import summary_of
from replay.memories import Fate, Remembered, history, remembered, told
from streams.errors import Misconfigured
from streams.events.memory import Content, ForgettingRequested, Kind, MemoryOffered
from streams.ids import MemoryId, ScopeId
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.scopes import GRID
from streams.topics import MEMORY

WAIT_S, LOOK_S = 30.0, 0.2
#: Commands of `cli/recalling.py`.
RANKING = ("search", "judge", "learn", "weights")
UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

_COLUMNS = ["memory", "scope", "state", "since", "kind", "key", "text"]


class Lazy(click.Group):
    """A group that imports the ranking and its libraries only for the commands that rank."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(ctx), *RANKING])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing it if need be."""
        if cmd_name not in RANKING:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module("cli.recalling"), cmd_name)
        return command


@click.group(cls=Lazy)
def memory() -> None:
    """List, search and change what the grid remembers."""


@memory.command("list")
@click.option("--scope", type=SCOPE, help="Only of this scope, such as `user:NAME`.")
@click.option("--all", "every", is_flag=True, help="Also what no longer holds.")
@click.option("--limit", default=50, help="How many, the newest first.")
@formatted
def list_(scope: ScopeId | None, every: bool, limit: int, output: str) -> None:
    """List memories."""
    with Client(read_settings()) as client:
        found = [known.at(_now()) for known in _memories(client, scope).values()]
    kept = [known for known in found if every or known.fate is Fate.HOLDS]
    kept.sort(key=lambda known: known.recorded.since_ms, reverse=True)
    emit(output, [_row(known, output) for known in kept[:limit]], _COLUMNS)


@memory.command()
@click.argument("memory_id")
@formatted
def show(memory_id: str, output: str) -> None:
    """Show one memory: its text, where it comes from, and whether it holds."""
    with Client(read_settings()) as client:
        known = _one(client, memory_id).at(_now())
    row = {**_row(known, "json"), **_origin(known)}
    lines = [f"{name:10} {said}" for name, said in row.items() if said and name != "text"]
    emit_one(output, row, "\n".join([*lines, "", known.recorded.content.text]))


@memory.command("history")
@click.argument("memory_id")
@formatted
def history_(memory_id: str, output: str) -> int:
    """Show all that was ever said about a memory, what it replaced and what replaced it."""
    with Client(read_settings()) as client:
        events = history(MemoryId(memory_id), list(told(client.log, client.wire)))
    rows = [
        {
            "at": _time(event.recorded_at_ms),
            "event": type(event.event).__name__,
            "memory": event.event.memory_id,
            "says": summary_of(event.event),
            **({} if output == "text" else {"scope": event.key, "data": asdict(event.event)}),
        }
        for event in events
    ]
    emit(output, rows, ["at", "event", "memory", "says"])
    return 0 if rows else 1


@memory.command()
@click.argument("text")
@click.option("--scope", type=SCOPE, default=GRID, help="Who may recall it, such as `user:NAME`.")
@click.option("--key", default="", help="What the fact is about, as `subject.attribute`.")
@click.option("--ttl", help="How long it holds: a number with s, m, h or d.")
@formatted
def remember(text: str, scope: ScopeId, key: str, ttl: str | None, output: str) -> None:
    """Let a scope remember a fact; of one key the newest holds."""
    content = Content(
        kind=Kind.FACT,
        text=text,
        title="",
        uri="",
        section="",
        speaker="",
        said_at_ms=None,
        key=key,
    )
    with Client(read_settings()) as client:
        event_id = send(client, MEMORY, scope, MemoryOffered(content=content, ttl_ms=_span(ttl)))
    emit_one(output, {"offered": event_id, "scope": scope}, f"offered as {event_id}")


@memory.command()
@click.argument("memory_id")
@click.option("--reason", default="asked to on the command line")
@click.option("--yes", is_flag=True, help="Do not ask.")
@formatted
def forget(memory_id: str, reason: str, yes: bool, output: str) -> int:
    """Recall a memory no more; its history stays in the log."""
    with Client(read_settings()) as client:
        known = _one(client, memory_id)
        if known.fate is not Fate.HOLDS:
            say(f"{memory_id} does not hold: it is {known.fate}", fg="yellow")
            return 1
        say(shortened(known.recorded.content.text))
        if not yes:
            click.confirm("Forget it?", abort=True, err=True)
        asked = ForgettingRequested(memory_id=known.recorded.memory_id, reason=reason)
        send(client, MEMORY, known.scope, asked)
        deadline = time.monotonic() + WAIT_S
        while _one(client, memory_id).fate is Fate.HOLDS:
            if time.monotonic() > deadline:
                raise TimeoutError("the grid did not decide: see `aether status`")
            time.sleep(LOOK_S)
    emit_one(output, {"memory": memory_id, "state": Fate.FORGOTTEN}, f"forgotten: {memory_id}")
    return 0


def _memories(client: Client, scope: ScopeId | None = None) -> Mapping[MemoryId, Remembered]:
    return remembered(told(client.log, client.wire, scope))


def _one(client: Client, memory_id: str) -> Remembered:
    """Return a memory by its id or the beginning of it. Raises Misconfigured for none or many."""
    found = [k for known, k in _memories(client).items() if known.startswith(memory_id)]
    if len(found) != 1:
        what = "no memory" if not found else f"{len(found)} memories"
        raise Misconfigured(
            f"{what} of this id: {memory_id}", fix="look it up: `aether memory list --all`"
        )
    return found[0]


def _row(known: Remembered, output: str) -> dict[str, Any]:
    content = known.recorded.content
    return {
        "memory": known.recorded.memory_id,
        "scope": known.scope,
        "state": str(known.fate),
        "since": _time(known.recorded.since_ms),
        "kind": str(content.kind),
        "key": content.key,
        "text": shortened(content.text) if output == "text" else content.text,
    }


def _origin(known: Remembered) -> dict[str, Any]:
    recorded, content = known.recorded, known.recorded.content
    expires = recorded.expires_at_ms
    return {
        "title": content.title,
        "uri": content.uri,
        "section": content.section,
        "speaker": content.speaker,
        "offered_by": recorded.offered_by,
        "expires": None if expires is None else _time(expires),
        "superseded_by": known.by,
    }


def _span(told: str | None) -> int | None:
    if told is None:
        return None
    number, unit = told[:-1], told[-1:]
    if unit not in UNITS_MS or not number.isdecimal():
        raise click.BadParameter("give a number with s, m, h or d, such as 30d", param_hint="--ttl")
    return int(number) * UNITS_MS[unit]


def _now() -> int:
    return int(time.time() * 1000)


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
