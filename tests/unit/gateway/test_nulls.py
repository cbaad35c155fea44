"""Null in a field that may be left out says as much as nothing: clients type such fields so."""

from pathlib import Path
from typing import Any

import pytest

from gateway import chat, embeddings
from gateway.chat import ChatRequest
from gateway.embeddings import EmbeddingsRequest
from gateway.responses import body as responses
from gateway.responses.body import ResponseRequest
from gateway.unheeded import unread
from streams.ids import RunId
from tests.unit.gateway.door import body
from tests.unit.gateway.test_openai_client import USER, client_of

ASKED: dict[Any, Any] = {
    ChatRequest: body(),
    ResponseRequest: {"model": "m", "input": "a"},
    EmbeddingsRequest: {"model": "m", "input": "a"},
}
#: Fields of OpenAI's that are not read here, or lie within one that is.
FURTHER: dict[Any, list[dict[str, Any]]] = {
    ChatRequest: [
        {"service_tier": None, "store": None, "logprobs": None, "audio": None},
        {"stream": True, "stream_options": {"include_usage": None}},
    ],
    ResponseRequest: [
        {"include": None, "truncation": None, "conversation": None},
        {"text": {"format": None, "verbosity": None}},
        {"reasoning": {"effort": None, "summary": None}},
    ],
    EmbeddingsRequest: [],
}


def optional() -> list[Any]:
    return [
        pytest.param(kind, said, id=f"{kind.__name__}-{'-'.join(said)}")
        for kind, asked in ASKED.items()
        for said in [
            *({name: None} for name in kind.model_fields if name not in asked),
            *FURTHER[kind],
        ]
    ]


def read(kind: Any, asked: dict[str, Any]) -> tuple[Any, list[str]]:
    """Return what a request comes to, and what of it was not heeded."""
    if kind is EmbeddingsRequest:
        told = embeddings.parse(asked)
        return (told.texts, told.dimensions, told.encoding_format), unread(told)
    if kind is ChatRequest:
        made = chat.parse(asked)
        return made.event(RunId("r"), (), None), made.ignored
    response = responses.parse(asked)
    made = response.as_chat([])
    return (made.event(RunId("r"), (), None), response.head), made.ignored


@pytest.mark.parametrize(("kind", "said"), optional())
def test_null_says_as_much_as_nothing(kind: Any, said: dict[str, Any]) -> None:
    left_out = {name: value for name, value in said.items() if name == "stream" and value}
    assert read(kind, {**ASKED[kind], **said}) == read(kind, {**ASKED[kind], **left_out})


async def test_the_client_may_say_null_to_streaming(tmp_path: Path) -> None:
    async with client_of(tmp_path) as (_, client):
        made = await client.chat.completions.create(model="m", messages=USER, stream=None)
        response = await client.responses.create(model="m", input="a", stream=None)
        none: Any = {"include_usage": None}
        stream = await client.chat.completions.create(
            model="m", messages=USER, stream=True, stream_options=none
        )
        usage = [chunk.usage async for chunk in stream]
    assert made.choices[0].message.content == response.output_text == "324 m."
    assert usage == [None] * len(usage)
