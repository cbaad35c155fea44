"""The doors under `/api` asked anything that their description allows, and some that it does not.

Whatever comes back is documented, and never a failure of ours.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.described.openapi import openapi
from tests.unit.gateway.door import opened
from tests.unit.gateway.told import Told

EXAMPLES = 40
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = [
    (path, verb)
    for path, operations in openapi()["paths"].items()
    for verb in operations
    if verb != "parameters"
]


def ask_anything(url: str, path: str, verb: str) -> int:
    """Ask one operation many things; return how often it was asked."""
    operation = schemathesis.openapi.from_dict(openapi())[path][verb.upper()]
    asked = 0

    @BOUNDED
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        nonlocal asked
        asked += 1
        case.call_and_validate(base_url=url, checks=CHECKS, timeout=60)

    check()
    return asked


@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_no_question_breaks_a_door_or_is_answered_as_nobody_said(
    path: str, verb: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, retelling=Told()) as door:
        asked = await asyncio.to_thread(ask_anything, door.url, path, verb)
        assert (await door.http.get("/livez")).status_code == 200
    assert asked >= min(EXAMPLES, 1)
