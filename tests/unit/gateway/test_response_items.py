"""What a response was asked with, in pages: the newest first, unless its client wants otherwise."""

from pathlib import Path
from typing import Any

import pytest

from gateway.responses.listed import LIMIT, LIMIT_MAX, page
from tests.unit.gateway.door import opened
from tests.unit.gateway.test_openai_client import client_of

#: The oldest first.
ITEMS = [{"id": f"msg_{n}"} for n in range(LIMIT_MAX + 20)]


def listed(**query: str) -> tuple[list[str], bool]:
    told = page(ITEMS, query)
    ids = [item["id"].removeprefix("msg_") for item in told["data"]]
    assert (told["first_id"], told["last_id"]) == (told["data"][0]["id"], told["data"][-1]["id"])
    return ids, told["has_more"]


def test_the_newest_come_first() -> None:
    ids, more = listed()
    assert (len(ids), ids[0], more) == (LIMIT, "119", True)


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ({"limit": "2"}, ["119", "118"], True),
        ({"limit": "2", "order": "desc", "after": "msg_118"}, ["117", "116"], True),
        ({"limit": "2", "order": "asc"}, ["0", "1"], True),
        ({"limit": "2", "order": "asc", "after": "msg_117"}, ["118", "119"], False),
        ({"limit": "2", "order": "asc", "after": "msg_118"}, ["119"], False),
        ({"limit": str(LIMIT_MAX), "order": "asc", "after": "msg_118"}, ["119"], False),
    ],
)
def test_a_page_has_so_many_behind_one(query: Any, ids: list[str], more: bool) -> None:
    assert listed(**query) == (ids, more)


def test_behind_the_last_one_there_is_nothing() -> None:
    assert page(ITEMS, {"after": "msg_0"}) == {
        "object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": str(LIMIT_MAX + 1)}, "limit"),
        ({"limit": "9" * 5_000}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "msg_of_another"}, "after"),
    ],
)
async def test_a_wrong_parameter_is_named(query: Any, param: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        made = await door.http.post("/v1/responses", json={"model": "m", "input": "a"})
        path = f"/v1/responses/{made.json()['id']}/input_items"
        answer = await door.http.get(path, params=query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_the_client_turns_the_pages_itself_and_sees_no_instructions(tmp_path: Path) -> None:
    said: Any = [{"role": "user", "content": str(n)} for n in range(5)]
    async with client_of(tmp_path) as (_, client):
        made = await client.responses.create(model="m", input=said, instructions="Be brief.")
        pages = client.responses.input_items
        newest = [item async for item in pages.list(made.id, limit=2)]
        oldest = [item async for item in pages.list(made.id, limit=2, order="asc")]
    texts = [item.content[0].text for item in oldest]  # type: ignore[union-attr, index]
    assert texts == ["0", "1", "2", "3", "4"]
    assert newest == list(reversed(oldest))
