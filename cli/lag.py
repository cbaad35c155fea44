"""`aether lag`: whether every group keeps up, from the observer's samples or by looking oneself."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import reduce
from typing import Any, NamedTuple, Protocol

import click

from cli.codes import CHECK
from cli.output import FORMATS, emit, formatted, say
from cli.topic import reached
from streams.errors import AetherError
from streams.events.lag import Status
from streams.io.client import Client
from streams.io.kafka.sampler import Sampler
from streams.io.lag_history import recent
from streams.io.settings import Settings
from streams.lag.figures import GroupFigures, figures
from streams.lag.groups import Lags, learn
from streams.lag.plain import group_json
from streams.lag.probes import Probes

EVERY_S = 1.0
#: An observer that lives tells something of every group this often at least, and a moment more.
FRESH_S = 15.0
COLUMNS = (
    "group", "topic", "verdict", "trend", "seconds", "offsets", "in/s", "out/s", "caught up in",
)  # fmt: skip
UNKNOWN, NEVER = "?", "never"


class Told(NamedTuple):
    """Every group, and how old that is and whose."""

    groups: list[GroupFigures]
    age_s: float
    by: str


class Source(Protocol):
    """Where figures come from."""

    def told(self) -> Told:
        """Return what is known now. Raises BrokerAway."""


@click.command()
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@click.option("--check", is_flag=True, help="End with exit code 3 if a group does not keep up.")
@click.option(
    "--max-seconds", type=click.FloatRange(min=0), help="With --check: the longest wait allowed."
)
@formatted
def lag(watch: bool, check: bool, max_seconds: float | None, output: str) -> int:
    """Show how far every consumer group is behind, the worst first.

    The figures are the observer's; where none runs, this command looks at the brokers itself, and
    needs --watch to see what only time tells.
    """
    if max_seconds is not None and not check:
        raise click.UsageError("--max-seconds goes with --check")
    with _source(reached()) as source:
        while True:
            told = source.told()
            _show(told, output, clear=watch)
            if not watch:
                return _checked(told, max_seconds) if check else 0
            time.sleep(EVERY_S)


def _checked(told: Told, max_seconds: float | None) -> int:
    failed = list(_failures(told, max_seconds))
    for why in failed:
        say(why)
    return CHECK if failed else 0


def _failures(told: Told, max_seconds: float | None) -> Iterator[str]:
    """Say of every group that does not keep up why; what nobody knows may not pass for little."""
    for group in told.groups:
        total = group.total
        if total.status is Status.ERR:
            reasons = [row.reason for row in group.partitions if row.verdict is total.verdict]
            yield f"{group.group}: {total.verdict.value}, {reasons[0]}"
        elif max_seconds is not None and total.seconds is None:
            yield f"{group.group}: {total.lag} records wait, nobody knows for how long"
        elif max_seconds is not None and (total.seconds or 0.0) > max_seconds:
            yield f"{group.group}: the first of {total.lag} records waits for {total.seconds:.1f} s"


def _show(told: Told, output: str, *, clear: bool) -> None:
    if output != FORMATS[0]:
        emit(output, _rows(told), ())
        return
    if clear:
        click.clear()
    emit(output, [_line(row) for row in _rows(told)], COLUMNS)
    say(f"as of {told.age_s:.1f} s ago, {told.by}")


def _rows(told: Told) -> list[dict[str, Any]]:
    """Return a row for each topic of each group."""
    rows = []
    for group in told.groups:
        whole = group_json(group)
        topics = whole.pop("topics")
        shared = {name: whole[name] for name in ("group", "at_ms", "phase", "members", "status")}
        rows += [{**shared, "age_s": round(told.age_s, 3), **topic} for topic in topics]
    return rows


def _line(row: dict[str, Any]) -> dict[str, Any]:
    seconds, catch_up = row["seconds"], row["catch_up_s"]
    return {
        **row,
        "seconds": UNKNOWN if seconds is None else f"{seconds:.1f}",
        "offsets": row["lag"],
        "in/s": f"{row['in_per_s']:.1f}",
        "out/s": f"{row['out_per_s']:.1f}",
        "caught up in": NEVER if catch_up is None else f"{catch_up:.0f} s",
    }


@contextmanager
def _source(settings: Settings) -> Iterator[Source]:
    """Open the observer's samples if they are fresh, else look at the brokers by hand."""
    with ExitStack() as stack:
        past = Lags()
        try:
            client = stack.enter_context(Client(settings))
            observed = Observed(client)
            if (told := observed.told()).groups and told.age_s < FRESH_S:
                yield observed
                return
            past = observed.lags
        except AetherError:  # no registry, no topic: the brokers alone know enough
            pass
        sampler = Sampler(
            settings.bootstrap,
            settings.kafka_options,
            ignored=settings.observer.ignored,
        )
        stack.callback(sampler.close)
        yield Looking(sampler, past)


class Observed:
    """What the observer wrote down."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.lags = Lags()

    def told(self) -> Told:
        """Read the samples of the last minutes."""
        now_ms = int(time.time() * 1000)
        known = recent(self._client.log, self._client.wire, now_ms)
        self.lags = known.lags
        newest = max((group.at_ms for _, group in self.lags.groups.items()), default=0)
        by = f"by the observer{_trip(known.probes)}"
        return Told(figures(self.lags), max(0.0, (now_ms - newest) / 1000), by)


class Looking:
    """What this command sees for itself, after what was observed before."""

    def __init__(self, sampler: Sampler, past: Lags) -> None:
        self._sampler = sampler
        self._lags = past

    def told(self) -> Told:
        """Look now."""
        look = self._sampler.look()
        self._lags = reduce(learn, look.samples, self._lags)
        seen = {sample.group for sample in look.samples}
        groups = [group for group in figures(self._lags) if group.group in seen]
        by = "seen by this command: no observer runs"
        return Told(groups, max(0.0, time.time() - look.at_ms / 1000), by)


def _trip(probes: Probes) -> str:
    """Say how its probes fare."""
    if probes.round_trip_s is None:
        return ""
    took = f"; a probe takes {probes.round_trip_s * 1000:.0f} ms"
    return f"{took}, {probes.lost} were lost lately" if probes.lost else took
