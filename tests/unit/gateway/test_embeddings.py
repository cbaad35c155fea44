"""`POST /v1/embeddings`: what goes into the log, and what its client gets, in either encoding."""

from pathlib import Path
from typing import Any

import openai
import pytest

from gateway.embeddings import TEXTS_MAX
from streams.events import sessions as s
from streams.events.registry import CapabilityPerceived, Card
from streams.ids import ModelName
from streams.topics import REGISTRY
from tests.unit.gateway.door import opened, silent
from tests.unit.gateway.test_completions import error_of
from tests.unit.gateway.test_openai_client import client_of
from tests.unit.processors.examples import vector

EMBEDDINGS = "/v1/embeddings"
ENCODER = "minilm@1"
#: Numbers that float32 holds exactly, the last one no number of float16.
NUMBERS = (0.6015625, -0.25, 1.0000001192092896)


def embeds(request: Any) -> Any:
    vectors = tuple(vector(len(text), *NUMBERS) for text in request.texts)
    return (
        s.EmbeddingCompleted(
            run_id=request.run_id, encoder=ENCODER, vectors=vectors, tokens=5 * len(vectors)
        ),
    )


@pytest.mark.parametrize("encoding", [openai.NOT_GIVEN, "float", "base64"])
async def test_the_client_gets_a_vector_per_text_in_their_order(
    encoding: Any, tmp_path: Path
) -> None:
    async with client_of(tmp_path, embeds) as (door, client):
        made = await client.embeddings.with_raw_response.create(
            model="aether", input=["a", "bcd"], encoding_format=encoding, user="ada"
        )
        (request,) = door.grid.requests()
    said = made.parse()
    assert [e.index for e in said.data] == [0, 1]
    if encoding != "base64":
        assert [tuple(e.embedding) for e in said.data] == [(1.0, *NUMBERS), (3.0, *NUMBERS)]
    assert (said.model, said.usage.prompt_tokens, said.usage.total_tokens) == (ENCODER, 10, 10)
    assert made.headers["x-request-id"] == made.headers["x-aether-session"] == request.key
    assert request.event == s.EmbeddingRequested(
        run_id=request.event.run_id, model=ModelName("aether"), texts=("a", "bcd")
    )
    assert (request.event_id, request.run_id) == (request.event.run_id, request.event.run_id)


async def test_one_text_is_asked_for_in_its_session(tmp_path: Path) -> None:
    async with opened(tmp_path, embeds) as door:
        asked = {"model": "m", "input": "a", "dimensions": 4}
        answer = await door.http.post(EMBEDDINGS, json=asked, headers={"x-aether-session": "ada"})
        (request,) = door.grid.requests()
    assert answer.json()["data"] == [
        {"object": "embedding", "index": 0, "embedding": [1.0, *NUMBERS]}
    ]
    assert (request.key, answer.headers["x-aether-session"]) == ("ada", "ada")
    assert request.event.dimensions == 4  # whether a model has them is for its worker


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("model_not_found", openai.NotFoundError),
        ("invalid_request", openai.BadRequestError),
        ("perception_failed", openai.InternalServerError),
    ],
)
async def test_vectors_that_cannot_be_had_are_the_clients_own_error(
    reason: str, kind: type[openai.APIStatusError], tmp_path: Path
) -> None:
    def fails(request: Any) -> Any:
        return (s.EmbeddingFailed(run_id=request.run_id, reason=reason, detail="because"),)

    async with client_of(tmp_path, fails) as (_, client):
        with pytest.raises(kind, match="because") as caught:
            await client.embeddings.create(model="m", input="a")
    assert caught.value.code == reason


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "a"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": ""}, "input"),
        ({"model": "m", "input": []}, "input"),
        ({"model": "m", "input": ["a", ""]}, "input[1]"),
        ({"model": "m", "input": [1, 2]}, "input"),
        ({"model": "m", "input": [[1, 2]]}, "input"),
        ({"model": "m", "input": ["a", True]}, "input[1]"),
        ({"model": "m", "input": {"text": "a"}}, "input"),
        ({"model": "m", "input": ["a"] * (TEXTS_MAX + 1)}, "input"),
        ({"model": "m", "input": "a", "dimensions": 0}, "dimensions"),
        ({"model": "m", "input": "a", "dimensions": "384"}, "dimensions"),
        ({"model": "m", "input": "a", "encoding_format": "int8"}, "encoding_format"),
    ],
    ids=str,
)
async def test_a_wrong_field_is_named_and_nothing_is_written(
    body: Any, param: str, tmp_path: Path
) -> None:
    async with opened(tmp_path, embeds) as door:
        answer = await door.http.post(EMBEDDINGS, json=body)
        assert door.grid.requests() == []
    assert error_of(answer) == (400, "invalid_request_error", "invalid_request")
    assert answer.json()["error"]["param"] == param


async def test_tokens_are_refused_with_the_reason(tmp_path: Path) -> None:
    async with opened(tmp_path, embeds) as door:
        answer = await door.http.post(EMBEDDINGS, json={"model": "m", "input": [[15496, 995]]})
    assert "send text" in answer.json()["error"]["message"]


async def test_no_vectors_in_time_are_an_unknown_outcome(tmp_path: Path) -> None:
    async with opened(tmp_path, silent, timeout_s=0.2) as door:
        answer = await door.http.post(EMBEDDINGS, json={"model": "m", "input": "a"})
        assert await door.waiters() == 0
    assert error_of(answer) == (504, "server_error", "outcome_unknown")


async def test_without_kafka_nothing_is_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, embeds, away=True) as door:
        answer = await door.http.post(EMBEDDINGS, json={"model": "m", "input": "a"})
        assert not door.grid.in_flight
    assert error_of(answer) == (503, "server_error", "unavailable")


async def test_the_encoder_is_listed_by_its_name_without_its_weights(tmp_path: Path) -> None:
    card = Card(description="d", examples=(), policy="single", model=ModelName("gpt"))
    async with client_of(tmp_path) as (door, client):
        for encoder in (ENCODER, "minilm@2"):
            perceived = CapabilityPerceived(version=1, card=card, encoder=encoder, vectors=())
            door.grid.land(REGISTRY, "answer", perceived)
        listed: list[str] = []
        while len(listed) < 2:
            listed = [model.id async for model in client.models.list()]
    assert listed == ["aether", "minilm"]
