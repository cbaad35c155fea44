"""Embedding: every text has its vector, and what cannot be had is refused with a reason."""

from collections.abc import Sequence
from typing import Any

import pytest

from processors.perception.embedding import EmbedTexts
from processors.perception.ports import Encoded
from streams.errors import ModelAway
from streams.events import sessions as s
from streams.ids import ModelName, RunId
from tests.given import cause
from tests.unit.processors.examples import vector

ENCODER = "minilm@1"
RUN = RunId("run")


class Lengths:
    """An encoder of two dimensions that counts characters, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Encoded:
        self.asked += texts
        return Encoded(ENCODER, [vector(len(t), 0) for t in texts], [len(t) for t in texts])


def requested(model: str = "aether", **fields: Any) -> s.EmbeddingRequested:
    known = {"texts": ("a", "bcd"), **fields}
    return s.EmbeddingRequested(run_id=RUN, model=ModelName(model), **known)


def failed(reason: str, detail: str) -> s.EmbeddingFailed:
    return s.EmbeddingFailed(run_id=RUN, reason=reason, detail=detail)


@pytest.mark.parametrize("model", ["aether", "minilm", "minilm@1"])
@pytest.mark.parametrize("dimensions", [None, 2])
async def test_every_text_has_its_vector_by_any_name_of_the_encoder(
    model: str, dimensions: int | None
) -> None:
    request = requested(model, dimensions=dimensions)
    assert list(await EmbedTexts(Lengths()).perform([cause(request)])) == [
        s.EmbeddingCompleted(
            run_id=RUN, encoder=ENCODER, vectors=(vector(1, 0), vector(3, 0)), tokens=4
        )
    ]


async def test_another_model_is_refused_before_anything_is_encoded() -> None:
    encoder = Lengths()
    made = await EmbedTexts(encoder).perform([cause(requested("text-embedding-3-small"))])
    told = "texts are not embedded by 'text-embedding-3-small' here, but by minilm@1"
    assert list(made) == [failed("model_not_found", told)]
    assert encoder.asked == []


async def test_vectors_are_not_shortened() -> None:
    made = await EmbedTexts(Lengths()).perform([cause(requested(dimensions=1))])
    told = "dimensions: vectors of minilm@1 have 2, and are not shortened"
    assert list(made) == [failed("invalid_request", told)]


def test_whoever_waits_for_vectors_hears_that_the_encoder_is_away() -> None:
    effect = EmbedTexts(Lengths())
    assert effect.patience_s == 30.0
    given_up = effect.give_up(cause(requested()), ModelAway("it is away"))
    assert given_up == failed("perception_failed", "it is away")
