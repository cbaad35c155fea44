"""Every event can be told in a few words, none of which can steer a terminal."""

from dataclasses import fields
from typing import Any

import pytest

from cli.summaries import _TOLD, WORDS_MAX, summary_of
from streams.events import AREAS
from streams.events.sessions import RecallFailed

KINDS = [kind for area in AREAS.values() for kind in area]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_has_a_summary(kind: type) -> None:
    assert kind in _TOLD


def test_no_summary_is_of_an_event_that_there_is_not() -> None:
    assert set(_TOLD) == set(KINDS)


def failed(detail: str) -> RecallFailed:
    given: dict[str, Any] = {field.name: "x" for field in fields(RecallFailed)}
    return RecallFailed(**{**given, "detail": detail})


def test_a_long_summary_is_cut() -> None:
    assert summary_of(failed("y" * 100)) == "y" * (WORDS_MAX - 1) + "…"


def test_a_summary_is_one_line_without_control_characters() -> None:
    assert summary_of(failed("one\n two \x1b[31mred")) == "one two \ufffd[31mred"
