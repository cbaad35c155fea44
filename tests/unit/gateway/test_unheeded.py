"""Fields that are not heeded are named in a header, which holds whatever a client called them."""

from pathlib import Path
from typing import Any

import pytest

from gateway.unheeded import HEADER, NAMES_MAX, named_in_header
from tests.unit.gateway.door import CHAT, body, opened
from tests.unit.gateway.test_embeddings import EMBEDDINGS, embeds

HOSTILE: dict[str, Any] = {"中": 1, "a\r\nx-evil: 1": 1, "A" * 2_000: 1, "q w": 1}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["top_k", "service_tier"], "service_tier, top_k"),
        (["reasoning.中", "top_k", "a\n", "a, b", "a" * 65], "top_k, 4 more"),
        (["中"], "1 more"),
        (["a"] * (NAMES_MAX + 2), ", ".join(["a"] * NAMES_MAX) + ", 2 more"),
    ],
)
def test_what_no_field_is_called_is_counted(names: list[str], told: str) -> None:
    assert named_in_header(names) == {HEADER: told}


def test_where_all_is_heeded_nothing_is_said() -> None:
    assert named_in_header([]) == {}


@pytest.mark.parametrize(
    ("path", "asked", "told"),
    [
        (CHAT, body(top_k=5, service_tier="auto", store=False, **HOSTILE),
         "service_tier, store, top_k, 4 more"),
        ("/v1/responses", {"model": "m", "input": "a", "reasoning": HOSTILE}, "4 more"),
        ("/v1/responses",
         {"model": "m", "input": "a", "top_k": 5, "text": {"tone": "warm", "format": None}},
         "text.tone, top_k"),
        (EMBEDDINGS, {"model": "m", "input": "a", "truncate": True, **HOSTILE},
         "truncate, 4 more"),
    ],
    ids=["chat", "reasoning", "responses", "embeddings"],
)  # fmt: skip
async def test_no_name_costs_a_run_its_answer(
    path: str, asked: Any, told: str, tmp_path: Path
) -> None:
    script: Any = embeds if path == EMBEDDINGS else None
    async with opened(tmp_path, *[script] if script else []) as door:
        answer = await door.http.post(path, json=asked)
    assert answer.status_code == 200
    assert answer.headers[HEADER] == told
    assert "x-evil" not in answer.headers
