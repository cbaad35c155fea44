"""The answerer behind a real Triton: the same answers as in process, and errors that say why."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from tests.engines_fixtures import ServeModels
from tests.integration.triton_models.calls import Quotes, ask, strings
from tests.integration.triton_models.conftest import MODELS
from tests.unit.triton_models.loading import load
from tests.unit.triton_models.test_honesty import ANSWERED, PASSAGES, REFUSED

pytestmark = pytest.mark.integration

QUESTIONS = [*ANSWERED, *REFUSED]


def test_answers_are_those_given_in_process(client: InferenceServerClient, encoder: Any) -> None:
    answer = load("extractive", "answerer").answer
    given = 0
    for question in QUESTIONS:
        expected = answer(question, PASSAGES, encoder.encode)
        quotes, answerable = ask(client, question, PASSAGES)
        assert quotes == [
            (quote.passage, quote.start, quote.end, float(np.float32(quote.score)))
            for quote in expected.quotes
        ]
        assert answerable == float(np.float32(expected.answerable))
        given += len(quotes)
    assert given >= len(ANSWERED) // 2, "hardly a quote was compared: this proves nothing"


def test_64_concurrent_questions_get_the_answers_they_get_alone(
    triton_url: str, client: InferenceServerClient
) -> None:
    def one(question: str) -> tuple[Quotes, float]:
        with InferenceServerClient(triton_url) as own:
            return ask(own, question, PASSAGES)

    questions = (QUESTIONS * 3)[:64]
    expected = {question: ask(client, question, PASSAGES) for question in QUESTIONS}
    with ThreadPoolExecutor(len(questions)) as pool:
        answers = list(pool.map(one, questions))
    assert answers == [expected[question] for question in questions]


@pytest.mark.parametrize("passages", [[], [""], ["Nothing of the kind."]])
def test_what_cannot_be_answered_has_no_quotes(
    client: InferenceServerClient, passages: list[str]
) -> None:
    quotes, answerable = ask(client, "Who discovered the glass frog?", passages)
    assert quotes == []
    assert answerable < 0.5


def test_offsets_count_characters_not_bytes(client: InferenceServerClient) -> None:
    passage = "Grüße 😀! The deadline for the report is 3 May."
    ((_, start, end, _),), _ = ask(client, "When is the deadline for the report?", [passage])
    assert passage[start:end] == "The deadline for the report is 3 May."


@pytest.mark.parametrize(
    ("question", "passages"),
    [
        (strings("QUESTION", [2], ["a", "b"]), strings("PASSAGES", [1], ["a"])),
        (strings("QUESTION", [0], []), strings("PASSAGES", [1], ["a"])),
        (strings("QUESTION", [1], ["a"]), strings("PASSAGES", [1, 1], ["a"])),
        (strings("QUESTION", [1], ["a"]), strings("TEXT", [1], ["a"])),
    ],
    ids=["two questions", "no question", "a table", "another name"],
)
def test_a_wrong_input_is_an_error_and_the_server_lives_on(
    client: InferenceServerClient, question: Any, passages: Any
) -> None:
    with pytest.raises(InferenceServerException):
        client.infer("extractive", [question, passages])
    assert ask(client, "Who is Rosa's supervisor?", PASSAGES)[0]


def test_too_many_passages_are_refused_in_plain_words(client: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException) as refused:
        ask(client, "Who is Rosa's supervisor?", PASSAGES[:1] * 33)
    assert refused.value.message() == "33 passages given, at most 32 are read"


def test_without_the_encoder_the_error_names_it(serve_models: ServeModels) -> None:
    with InferenceServerClient(serve_models(MODELS, ["extractive"])) as client:
        with pytest.raises(InferenceServerException, match="minilm"):
            ask(client, "Who is Rosa's supervisor?", PASSAGES)
        assert client.is_server_live()
