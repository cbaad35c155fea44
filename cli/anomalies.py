"""`aether anomalies`: what is unusual in the grid, with the evidence, now and as it happens."""

import time
from typing import Any

import click

from cli.output import emit, formatted, on_one_line, time_text
from streams.envelope import Envelope
from streams.events.series import AnomalyCleared, AnomalyDetected, Unusual
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import OBSERVATIONS

KINDS = frozenset({AnomalyDetected, AnomalyCleared})
COLUMNS = ["since", "series", "unusual", "value", "expected", "score", "state"]
SHOWN, TAKE_S = 50, 0.5


@click.command()
@click.option("--open", "only_open", is_flag=True, help="Only what is not over.")
@click.option("--limit", default=SHOWN, show_default=True, help="The latest so many.")
@click.option("--watch", is_flag=True, help="Go on and tell what becomes unusual or is over.")
@formatted
def anomalies(only_open: bool, limit: int, watch: bool, output: str) -> None:
    """List what is unusual: the series, its value, where it was expected, and how surprising."""
    with Client(read_settings(), [OBSERVATIONS]) as client:
        span = client.log.span(OBSERVATIONS.name, 0)
        found: list[dict[str, Any]] = []
        for records in client.log.read(OBSERVATIONS.name, 0, span.first, span.end):
            for envelope in client.wire.opened(records, KINDS):
                _take(found, envelope, output)
        shown = [row for row in found if row["state"] == "open" or not only_open][-limit:]
        emit("jsonl" if watch and output == "json" else output, shown, COLUMNS)
        if watch:
            _watch(client, span.end, output)


def _watch(client: Client, start: int, output: str) -> None:
    follower = client.log.follow({(OBSERVATIONS.name, 0): start})
    try:
        while True:
            for envelope in client.wire.opened(follower.take(TAKE_S), KINDS):
                row: list[dict[str, Any]] = []
                _take(row, envelope, output)
                if output == "text":
                    click.echo(sentence(envelope.event))
                elif row:
                    emit("jsonl", row, COLUMNS)
    finally:
        follower.close()


def sentence(event: AnomalyDetected | AnomalyCleared) -> str:
    """Return what happened in words."""
    series, at = on_one_line(event.series), time_text(event.at_ms, "text")
    if isinstance(event, AnomalyCleared):
        lasted = time.strftime("%H:%M:%S", time.gmtime((event.at_ms - event.since_ms) / 1000))
        return f"{at}  {series} is as usual again, after {lasted}"
    what = {
        Unusual.VALUE: f"is unusual: {_number(event.value)}, its {event.statistic}"
        f" {_number(event.observed)} was expected {_expected(event)}",
        Unusual.NEW: "was never seen before",
        Unusual.SILENCE: f"is silent for {event.observed:.0f} samples,"
        f" the longest before was {event.expected_high:.0f}",
    }[event.unusual]
    return f"{at}  {series} {what}"


def _take(found: list[dict[str, Any]], envelope: Envelope[Any], output: str) -> None:
    """Add a row for an anomaly, or end the one that is over; repeats change nothing."""
    event = envelope.event
    if isinstance(event, AnomalyDetected):
        if all(row["event"] != envelope.event_id for row in found):
            found.append(_row(event, envelope.event_id, output))
        return
    for row in found:
        if row["series"] == event.series and row["since_ms"] == event.since_ms:
            row["state"] = "over"
            row["until"] = time_text(event.at_ms, output)


def _row(event: AnomalyDetected, event_id: str, output: str) -> dict[str, Any]:
    return {
        "since": time_text(event.at_ms, output),
        "since_ms": event.at_ms,
        "series": event.series,
        "unusual": event.unusual.value,
        "value": float(_number(event.value)),
        "statistic": event.statistic,
        "observed": event.observed,
        "expected": _expected(event),
        "expected_low": event.expected_low,
        "expected_high": event.expected_high,
        "score": round(event.score, 2),
        "points": event.points,
        "state": "open",
        "event": event_id,
    }


def _expected(event: AnomalyDetected) -> str:
    if event.expected_low == event.expected_high == 0.0:
        return "-"
    return f"{_number(event.expected_low)} to {_number(event.expected_high)}"


def _number(value: float) -> str:
    return f"{value:.4g}"
