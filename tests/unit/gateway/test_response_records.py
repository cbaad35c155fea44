"""Responses told from records that no door of ours wrote: whatever they hold, they are shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams import envelope as env
from streams.topics import SESSIONS
from tests.examples import EVENTS
from tests.unit.gateway.door import Door, opened

REQUEST: Any = EVENTS["RequestReceived"]
VERBATIM = ["garbage", "null", "[]", '{"tools": [{}]}', '{"tools": 7}', '{"response_format": "x"}']


def land(door: Door, request: Any, **attributes: bytes) -> str:
    """Write a stored response's record; return the path to ask for it."""
    head = [(env.CORRELATION, REQUEST.run_id.encode()), ("ce_responsestored", b"true")]
    head += [(f"ce_{name}", value) for name, value in attributes.items()]
    door.grid.broker.land(door.grid.wire.draft(SESSIONS.name, None, b"s", request, head))
    return f"/v1/responses/resp_{REQUEST.run_id}"


@pytest.mark.parametrize("noted", [b"nojson", b"\xff", b"7"])
async def test_a_note_that_is_none_is_shown_as_none(noted: bytes, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        path = land(door, REQUEST, responsemetadata=noted, previousresponse=b"\xff")
        answer = await door.http.get(path)
    assert (answer.status_code, answer.json()["metadata"]) == (200, {})


async def test_what_was_asked_with_nothing_has_no_instructions_and_no_items(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        path = land(door, replace(REQUEST, messages=()), responseinstructed=b"true")
        answer = await door.http.get(path)
        items = await door.http.get(f"{path}/input_items")
    assert (answer.status_code, answer.json()["instructions"]) == (200, None)
    assert items.json() == {
        "object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None,
    }  # fmt: skip


@pytest.mark.parametrize("verbatim", VERBATIM)
async def test_what_says_nothing_of_tools_and_forms_is_shown_so(
    verbatim: str, tmp_path: Path
) -> None:
    options = replace(REQUEST.options, verbatim=verbatim)
    async with opened(tmp_path) as door:
        answer = await door.http.get(land(door, replace(REQUEST, options=options)))
    assert answer.status_code == 200
    assert (answer.json()["tools"], answer.json()["text"]) == ([], {"format": {"type": "text"}})
