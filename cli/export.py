"""`aether export`: recorded runs as training data, and a check of such data against the log."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from cli.codes import CHECK, OK
from cli.naming import condition_of, time_of
from cli.output import emit, formatted, say
from processors.models.prompt import messages_of
from replay.dataset.check import Discrepancy, check
from replay.dataset.examples import Example, Prompt, example_of, forked, judged, pasts
from replay.dataset.files import (
    CHAT,
    FORMATS,
    MANIFEST,
    PARQUET,
    PREFERENCE,
    Manifest,
    read_manifest,
    write,
)
from replay.dataset.rows import GOOD, Row, Split, chat_row, pair_rows, run_row, split, unrepeated
from replay.dataset.stretches import Stretch, ends_of, stretches
from replay.judged import judgements
from replay.past import Past
from replay.unrepeated import Ends
from streams.errors import Misconfigured
from streams.events.sessions import InferenceRequested, Message
from streams.ids import RunId
from streams.io.client import Client
from streams.io.settings import read_settings

COLUMNS = ["name", "rows", "bytes", "sha256"]
#: Above every time.
FOR_EVER_MS = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which runs are exported, and how; times are Unix milliseconds, `until_ms` not included."""

    since_ms: int
    until_ms: int
    where: tuple[str, ...]
    min_reward: float | None
    split: float
    context: bool

    def means(self, past: Past, example: Example) -> bool:
        """Whether a run is meant, whatever people said of it."""
        conditions = map(condition_of, self.where)
        return self.since_ms <= example.at_ms < self.until_ms and all(
            condition.holds(past) for condition in conditions
        )

    @property
    def prompt(self) -> Prompt:
        """What counts as the question: all that the model was told, or the conversation."""
        return messages_of if self.context else _conversation


class _Export(click.Group):
    """A group that exports where no other command is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["make", *args])


@click.group(
    cls=_Export,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
def export() -> None:
    """Make training data of recorded runs, or check such data.

    `aether export --to DIR --format chat|preference|parquet`; see `aether export make --help`.
    """


@export.command()
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), default=CHAT, show_default=True)
@click.option("--since", help="Only runs from this time on (ISO 8601).")
@click.option("--until", help="Only runs before this time (ISO 8601).")
@click.option("--where", multiple=True, metavar="KIND.PATH=VALUE", help="Only such runs.")
@click.option("--min-reward", type=float, help="Only what people gave at least this reward.")
@click.option(
    "--split",
    "share",
    type=click.FloatRange(0, 1),
    default=1.0,
    help="This share of the rows, the oldest, is for training; later ones of other sessions and"
    " questions are for tests.",
)
@click.option(
    "--context/--no-context",
    default=None,
    help="With the passages the model was told, or the conversation alone (as for preferences).",
)
@formatted
def make(
    folder: Path,
    kind: str,
    since: str | None,
    until: str | None,
    where: tuple[str, ...],
    min_reward: float | None,
    share: float,
    context: bool | None,
    output: str,
) -> None:
    """Write recorded runs as training data; every row names the events it came from.

    chat: OpenAI's fine-tuning format; where rows come from stands in a file beside them.
    preference: pairs of a good and a bad answer to the same question, from feedback on runs and
    forks. parquet: every run, also those that failed. What teaches the same is written once.
    """
    filters = Filters(
        since_ms=_time(since, 0),
        until_ms=_time(until, FOR_EVER_MS),
        where=where,
        min_reward=min_reward,
        split=share,
        context=kind != PREFERENCE if context is None else context,
    )
    with Client(read_settings()) as client:
        log = list(stretches(client.log))
        sides, counts = _made(client, kind, filters, ends_of(log))
    manifest = write(folder, kind, sides, asdict(filters), counts, log)
    emit(output, [file._asdict() for file in manifest.files], COLUMNS)
    say(_summary(manifest, folder), bold=True)


@export.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@formatted
def verify(folder: Path, output: str) -> int:
    """Check a dataset against its manifest and the log; exit code 3 if anything differs."""
    manifest = read_manifest(folder)
    try:
        filters = Filters(**{**manifest.filters, "where": tuple(manifest.filters["where"])})
    except (TypeError, KeyError) as exc:
        raise Misconfigured(f"the manifest's filters are none of ours: {exc}") from exc
    with Client(read_settings()) as client:
        made, counts = _made(client, manifest.format, filters, ends_of(manifest.log))
        found = [*_recreated(manifest, stretches(client.log))]
    if counts != manifest.counts:
        found.append(Discrepancy(MANIFEST, None, f"counts {manifest.counts}, the log {counts}"))
    found += check(folder, manifest, made)
    if found or output != "text":
        emit(output, [each._asdict() for each in found], ["file", "row", "what"])
    told = f"{counts['rows']} rows are what the log says"
    say(f"{len(found)} differences" if found else told, bold=True)
    return CHECK if found else OK


def _made(
    client: Client, kind: str, filters: Filters, ends: Ends
) -> tuple[Split, Mapping[str, int]]:
    """Return the rows of a dataset by some ends, and how many there were at each step."""
    seen, examples = _examples(client, filters, ends, forks=kind == PREFERENCE)
    least = filters.min_reward
    rewarded = [example for example in examples if _rewarded(example, least)]
    chosen = examples if kind == PREFERENCE else rewarded
    rows = list(_rows(kind, chosen, GOOD if least is None else least))
    kept = unrepeated(rows)
    sides = split(kept, filters.split)
    counts = {"runs": seen, "chosen": len(chosen), "rows": sum(map(len, sides))}
    counts["repeated"] = len(rows) - len(kept)
    counts["left_out"] = len(kept) - counts["rows"]
    return sides, counts


def _examples(
    client: Client, filters: Filters, ends: Ends, *, forks: bool
) -> tuple[int, list[Example]]:
    """Return how many runs there are by some ends, and what those that are meant teach."""
    seen, made = 0, dict[RunId, Example]()
    for past in pasts(client.log, client.wire, ends):
        seen += 1
        example = example_of(past, filters.prompt)
        if example is not None and filters.means(past, example):
            made[example.run_id] = example
    told_again = forked(made, client.log, client.wire, filters.prompt, ends) if forks else ()
    said = judgements(client.log, client.wire, ends)
    return seen, [*judged([*made.values(), *told_again], said)]


def _rows(kind: str, examples: Sequence[Example], good: float) -> Iterator[Row]:
    if kind == PREFERENCE:
        yield from pair_rows(examples, good)
    elif kind == PARQUET:
        yield from map(run_row, examples)
    else:
        yield from (chat_row(example) for example in examples if example.completed)


def _rewarded(example: Example, least: float | None) -> bool:
    return least is None or (example.reward is not None and example.reward >= least)


def _recreated(manifest: Manifest, now: Iterator[Stretch]) -> Iterator[Discrepancy]:
    """Yield what of the log is not there any more."""
    known: Mapping[Any, Stretch] = {stretch[:3]: stretch for stretch in now}
    for then in manifest.log:
        name, found = f"{then.topic}/{then.partition}", known.get(then[:3])
        if found is None:
            yield Discrepancy(name, None, "is another topic of that name")
        elif found.first > then.first or found.end < then.end:
            what = f"holds {found.first} to {found.end}, then {then.first} to {then.end}"
            yield Discrepancy(name, None, what)


def _conversation(asked: InferenceRequested) -> Sequence[Message]:
    return asked.messages


def _time(told: str | None, otherwise: int) -> int:
    return otherwise if told is None else time_of(told)


def _summary(manifest: Manifest, folder: Path) -> str:
    counts = manifest.counts
    told = (
        f"{counts['rows']} rows of {counts['chosen']} from {counts['runs']} runs in {folder},"
        f" {counts['repeated']} said nothing new"
    )
    out = counts["left_out"]
    return f"{told}, {out} left out: too near to what is taught to test it" if out else told
