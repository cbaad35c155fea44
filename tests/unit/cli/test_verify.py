"""A divergence is told to a person: where, on what, and what was expected."""

from typing import Any

import pytest

from cli.verify import as_text
from replay.verify import Divergence
from tests.given import cause
from tests.unit.processors.toy_events import Told


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (Told(body=7), ["decides Told at t/0@3 otherwise", "input     Told(body=7)"]),
        (None, ["decides what is at t/0@3 otherwise", "input     no longer read"]),
    ],
)
def test_an_input_is_told_also_where_it_is_read_no_more(event: Any, lines: list[str]) -> None:
    said = as_text(Divergence("adder", 1, 1, 0, cause(event, offset=3), (), ()))
    assert all(line in said for line in lines)
