"""The second half of `aether demo`: the same history decided, told and asked again."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cli.diff import as_text as differences
from cli.fork import tell_again
from cli.forks import as_text as forked_text
from cli.output import say, step
from cli.retelling import Query, tell_many
from cli.travel import in_short, known_at
from cli.verify import verify_all
from cli.whatif import as_text
from replay.diff import diff
from replay.page import page
from streams.events.sessions import ContextRecalled, RequestRouted
from streams.ids import RunId
from streams.io.settings import Settings
from streams.topics import SESSIONS

REPORT = "whatif.html"
NOTHING_RECALLED: Mapping[str, Any] = {"passages": []}
BY_NAME: Mapping[str, Any] = {"model": "answer"}


def relive(settings: Settings, run_id: RunId) -> bool:
    """Verify, go back, fork one run, and ask a what-if over all; say whether all was verified."""
    step("Decide every recorded input again")
    verified = verify_all(settings)
    click.secho(verified.verdict, bold=True, fg="red" if verified.wrong else "green")
    step("What every decider knew when the first run had just been routed (aether state)")
    for known in known_at(settings, SESSIONS, run_id, RequestRouted.__name__):
        click.echo(f"  {known.decider:12} {in_short(known.state)}")
    click.secho(f"  (aether state {run_id} --at {RequestRouted.__name__})", dim=True)
    step("Tell the first run again, had it recalled nothing (aether fork, aether diff)")
    past, forked = tell_again(
        settings, run_id, ContextRecalled.__name__, NOTHING_RECALLED, live=True
    )
    click.echo(forked_text(past, forked))
    own = [envelope for envelope in past.stream if envelope.run_id == past.run_id]
    click.echo()
    click.echo(differences(diff(own, forked.events), {}))
    step("And had every run asked for its answerer by name? (aether whatif)")
    query = Query(kind="RequestReceived", changes=BY_NAME)
    report = tell_many(settings, query, {})
    title = "What if every request had asked for `answer` by name?"
    click.echo(as_text(title, report))
    path = settings.data_dir / REPORT
    path.write_text(page(title, report), encoding="utf-8")
    _open(path)
    return not verified.wrong


def _open(path: Path) -> None:
    """Show the report where there is a screen and somebody before it."""
    say(f"the report as a page: {path}")
    if sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        click.launch(str(path))
