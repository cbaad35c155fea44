"""`aether demo`: the whole of it in a minute, on real parts, with nothing to set up."""

import time
from pathlib import Path
from typing import Any

import click

from cli import state
from cli.demo_history import relive
from cli.ingest import ingest_folder
from cli.output import say, step
from cli.rebuild import held, rebuild_all
from cli.run import tree
from cli.running import stop_grid
from cli.up import start_detached
from replay.runs import events_of
from streams.errors import Conflict
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import ROOT, Settings, read_settings

QUESTIONS = (
    "Why does a decider read only one topic?",
    "What happens to a record that cannot be decoded?",
    "How tall is Mont Blanc?",
)


@click.command()
@click.option(
    "--docs",
    type=click.Path(exists=True, path_type=Path),
    default=ROOT / "docs",
    help="A folder of Markdown, text or chats; this project's own documentation if not given.",
)
@click.option("--ask", "questions", multiple=True, help="A question; can be given several times.")
@click.option("--keep/--stop", default=True, help="Leave the grid running afterwards.")
def demo(docs: Path, questions: tuple[str, ...], keep: bool) -> int:
    """See it work: documents in, questions out, every step an event, all of it told again.

    Starts a grid if none runs. Exit code 3 if a rebuilt state or a redecided event differs.
    """
    settings = read_settings()
    step("A grid on a real Kafka")
    running = state.read(settings)
    if running is None:
        start_detached(settings)
    elif running.ready_s is None:
        raise Conflict("a grid is just starting here", fix="wait until `aether status` says ready")
    else:
        say("one runs already")
    step(f"Remember {docs}")
    done = ingest_folder(settings, docs)
    say(f"{done.passages} passages of {done.files} files in {done.seconds:.1f} s")
    step("Ask, with the client that everybody has")
    answers = [_ask(settings, question) for question in questions or QUESTIONS]
    step("What happened, from cause to effect")
    _show(settings, RunId(answers[0]))
    step("Stop the processors, delete everything derived, fold the log again")
    same = _rebuild(settings)
    same &= relive(settings, RunId(answers[0]))
    if keep:
        say("\nThe grid runs on; `aether down` stops it.")
    else:
        stop_grid(settings)
    return 0 if same else 3


def _ask(settings: Settings, question: str) -> str:
    """Ask through the official client, and return the run's id."""
    import openai

    client = openai.OpenAI(base_url=f"{settings.gateway_url}/v1", api_key="none", max_retries=0)
    began = time.perf_counter()
    answer = client.chat.completions.create(
        model="aether", messages=[{"role": "user", "content": question}]
    )
    took = (time.perf_counter() - began) * 1000
    beside: dict[str, Any] = (answer.model_extra or {})["aether"]
    click.echo()
    click.secho(f"? {question}", fg="cyan")
    click.echo(answer.choices[0].message.content)
    for citation in beside["citations"]:
        click.secho(f"  [{citation['marker']}] {citation['title']}  {citation['uri']}", dim=True)
    click.secho(f"  {took:.0f} ms, run {beside['run_id']}", dim=True)
    return str(beside["run_id"])


def _show(settings: Settings, run_id: RunId) -> None:
    with Client(settings) as client:
        events = events_of(run_id, client.log, client.wire)
    click.echo(tree(events))
    click.secho(f"  (aether run show {run_id})", dim=True)


def _rebuild(settings: Settings) -> bool:
    with held(settings):
        done = rebuild_all(settings)
    for rebuilt in done.states:
        if rebuilt.keys or not rebuilt.same:
            before = (rebuilt.before or "not known")[:12]
            mark = "=" if rebuilt.same else "≠"
            place = f"{rebuilt.decider}/{rebuilt.partition}"
            click.echo(f"  {place:16} {before:12} {mark} {rebuilt.after[:12]}  {rebuilt.keys} keys")
    click.echo(f"  {'index':16} {done.memory.before} memories, rebuilt {done.memory.after}")
    before = (done.runs.before or "not known")[:12]
    mark = "=" if done.runs.same else "≠"
    click.echo(f"  {'runs':16} {before:12} {mark} {done.runs.after[:12]}  {done.runs.rows} runs")
    for difference in done.differences:
        say(f"  {difference}", fg="red")
    click.secho(
        f"{'Equal' if done.same else 'DIFFERENT'}: {done.events} events folded in"
        f" {done.seconds:.1f} s",
        bold=True,
        fg="green" if done.same else "red",
    )
    return done.same
