"""The official Python client against a whole grid: real encoder, real log, a model of ours."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest

from streams.envelope import CAUSATION, Envelope
from streams.events.sessions import EmbeddingCompleted, EmbeddingRequested
from streams.ids import RunId
from streams.io.client import Client as Door
from streams.io.runs import events_of
from tests.integration.grid.front import Front

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ENCODER = "all-MiniLM-L6-v2"
DIMENSIONS = 384


@pytest.fixture
def client(front: Front) -> Iterator[openai.OpenAI]:
    url = f"http://127.0.0.1:{front.ports['gateway']}/v1"
    with openai.OpenAI(base_url=url, api_key="none", timeout=120, max_retries=0) as opened:
        yield opened


def events(front: Front, run: str | None) -> list[Envelope[Any]]:
    assert run is not None
    with Door(front.settings) as door:
        return events_of(RunId(run), door.log, door.wire)


def test_texts_become_vectors_and_both_are_in_the_log(front: Front, client: openai.OpenAI) -> None:
    texts = ["The tower is 324 m tall.", "How tall is the tower?", "Tea is at four."]
    made = client.embeddings.create(model=ENCODER, input=texts)  # base64 on the wire
    plain = client.embeddings.create(model="aether", input=texts, encoding_format="float")
    tower, question, tea = rows = np.array([e.embedding for e in made.data], np.float32)
    np.testing.assert_array_equal(rows, np.array([e.embedding for e in plain.data], np.float32))
    assert rows.shape == (3, DIMENSIONS)
    assert question @ tower > 0.5 > question @ tea
    assert made.model.startswith(f"{ENCODER}@")
    assert made.usage.prompt_tokens == made.usage.total_tokens == 9 + 8 + 7
    assert ENCODER in [model.id for model in client.models.list()]

    raw = client.embeddings.with_raw_response.create(model=ENCODER, input=texts)
    asked, answered = events(front, raw.headers["x-request-id"])
    assert isinstance(asked.event, EmbeddingRequested)
    assert isinstance(answered.event, EmbeddingCompleted)
    assert answered.head[CAUSATION].decode() == asked.event_id
    assert asked.event.texts == tuple(texts)
    assert b"".join(answered.event.vectors) == rows.astype("<f4").tobytes()


def test_more_texts_than_one_record_holds_become_vectors(client: openai.OpenAI) -> None:
    texts = [f"note {number}" for number in range(300)]
    made = client.embeddings.create(model=ENCODER, input=texts)
    alone = client.embeddings.create(model=ENCODER, input=texts[-1])
    assert len(made.data) == 300
    assert made.data[-1].embedding == alone.data[0].embedding


def test_what_the_encoder_cannot_do_is_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="not embedded by 'text-embedding-3-small'"):
        client.embeddings.create(model="text-embedding-3-small", input="a")
    with pytest.raises(openai.BadRequestError, match="have 384, and are not shortened"):
        client.embeddings.create(model=ENCODER, input="a", dimensions=256)
    with pytest.raises(openai.BadRequestError, match="send text"):
        client.embeddings.create(model=ENCODER, input=[[15496, 995]])
