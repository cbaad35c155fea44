"""What is unusual, in rows and in words."""

from dataclasses import replace
from typing import Any

from cli.anomalies import _take, sentence
from streams.events.series import AnomalyCleared, AnomalyDetected, Unusual
from streams.ids import EventId
from tests.given import cause

DETECTED = AnomalyDetected(
    series="latency_ms/answer",
    unusual=Unusual.VALUE,
    at_ms=1_700_000_000_000,
    value=900.0,
    statistic="mean",
    observed=180.123,
    expected_low=99.0,
    expected_high=101.0,
    score=12.345,
    points=501,
)
CLEARED = AnomalyCleared(
    series=DETECTED.series,
    unusual=Unusual.VALUE,
    at_ms=DETECTED.at_ms + 3_723_000,
    since_ms=DETECTED.at_ms,
)


def rows(*events: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for at, event in enumerate(events):
        _take(found, cause(event, offset=at), "json")
    return found


def test_an_anomaly_is_open_until_it_is_cleared() -> None:
    (row,) = rows(DETECTED)
    assert (row["state"], row["value"], row["expected"], row["score"]) == (
        "open",
        900.0,
        "99 to 101",
        12.35,
    )
    (row,) = rows(DETECTED, CLEARED)
    assert row["state"] == "over"


def test_a_repeat_of_the_same_event_is_one_row() -> None:
    found: list[dict[str, Any]] = []
    for _ in range(2):
        _take(found, cause(DETECTED)._replace(event_id=EventId("same")), "json")
    assert len(found) == 1


def test_an_anomaly_is_told_in_words() -> None:
    assert "latency_ms/answer is unusual: 900, its mean 180.1 was expected 99 to 101" in sentence(
        DETECTED
    )
    silent = replace(DETECTED, unusual=Unusual.SILENCE, observed=4.0, expected_high=1.0)
    assert "is silent for 4 samples, the longest before was 1" in sentence(silent)
    assert "was never seen before" in sentence(replace(DETECTED, unusual=Unusual.NEW))
    assert "is as usual again, after 01:02:03" in sentence(CLEARED)
