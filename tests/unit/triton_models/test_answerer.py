"""The answerer quotes verbatim what answers, and nothing where nothing does."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.triton_models.bag import bag_of_words
from tests.unit.triton_models.loading import load

answerer = load("extractive", "answerer")

TOWN = [
    "Velden Bay lies on a lake. The harbour of Velden Bay was founded in 1642 by salt traders.",
    "The mayor of Velden Bay is Anselm Roth.",
    "# Ferries\nThe ferry to Heron Island costs 4 euros. The ferry leaves every hour.",
]


def ask(question: str, passages: Sequence[str]) -> Any:
    return answerer.answer(question, passages, bag_of_words)


def quoted(question: str, passages: Sequence[str]) -> list[str]:
    quotes = ask(question, passages).quotes
    return [passages[quote.passage][quote.start : quote.end] for quote in quotes]


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("Who is the mayor of Velden Bay?", "The mayor of Velden Bay is Anselm Roth."),
        ("When was the harbour of Velden Bay founded?", TOWN[0].partition(". ")[2]),
        ("What does the ferry to Heron Island cost?", "The ferry to Heron Island costs 4 euros."),
    ],
)
def test_the_sentence_that_answers_is_quoted_first(question: str, quote: str) -> None:
    assert quoted(question, TOWN)[0] == quote


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "How do I bake bread?",
        "Who teaches physics at the university?",
        "Hello!",
        "",
        "?",
        "Who is she?",
    ],
)
def test_what_the_passages_do_not_say_is_not_answered(question: str) -> None:
    answered = ask(question, TOWN)
    assert answered.quotes == ()
    assert answered.answerable < 0.5


@pytest.mark.parametrize("passages", [[], [""], ["", " \n"], ["What is this?"], ["---\n***"]])
def test_passages_that_say_nothing_answer_nothing(passages: list[str]) -> None:
    assert ask("What is this about?", passages) == answerer.Answer((), 0.0)


def test_a_question_is_never_quoted() -> None:
    assert quoted("Who is the mayor of Velden Bay?", ["Who is the mayor of Velden Bay?"]) == []


def test_a_repeated_passage_is_quoted_once() -> None:
    assert len(quoted("Who is the mayor of Velden Bay?", [TOWN[1], TOWN[1], TOWN[1]])) == 1


def test_between_equals_the_earlier_passage_is_quoted() -> None:
    (quote,) = ask("Who is the mayor of Velden Bay?", [TOWN[0], TOWN[1], TOWN[1]]).quotes
    assert quote.passage == 1


def test_a_further_quote_adds_something() -> None:
    passages = [
        "The mayor of Velden Bay is Anselm Roth.",
        "Until 2016 Greta Lind was mayor of Velden Bay, a former teacher of botany.",
    ]
    assert quoted("Who is the mayor of Velden Bay?", passages) == passages


def test_what_another_speaker_says_about_himself_is_no_answer() -> None:
    question = "Where did Ada move last year?"
    of_ada = ["Ada: I did move to Oslo last year.", "Tom: I did move to Rome last year."]
    assert quoted(question, of_ada) == ["I did move to Oslo last year."]
    assert quoted(question, ["Ada: Nice weather.", of_ada[1]]) == []


def test_of_two_sentences_the_one_with_the_kind_of_answer_asked_for_is_better() -> None:
    passages = ["The tower of Velden Bay is deep.", "The tower of Velden Bay is 90 metres."]
    (quote, *_) = ask("How high is the tower of Velden Bay?", passages).quotes
    assert quote.passage == 1


def test_pieces_past_the_limit_are_not_read() -> None:
    rain = "It rains. " * 500
    assert quoted("Who is the mayor of Velden Bay?", [rain] * 3 + TOWN[1:2])
    assert not quoted("Who is the mayor of Velden Bay?", [rain] * 4 + TOWN[1:2])


def test_too_many_passages_are_refused() -> None:
    assert ask("Who is the mayor of Velden Bay?", TOWN[1:2] * 32).quotes
    with pytest.raises(ValueError, match="33 passages"):
        ask("Who is the mayor?", TOWN[1:2] * 33)


@pytest.mark.parametrize(
    ("sentence", "embedded"),
    [("At noon of that day Kafka lost 3 events. ", 10), (f"Kafka lost {'very ' * 36}few. ", 5)],
)
def test_embedding_is_one_call_of_bounded_size(sentence: str, embedded: int) -> None:
    calls: list[list[str]] = []

    def embed(texts: Sequence[str]) -> Any:
        calls.append(list(texts))
        return bag_of_words(texts)

    answerer.answer("How many events were lost?", [sentence * 30] * 32, embed)
    (texts,) = calls
    assert len(texts) == embedded + 1
    assert sum(map(len, texts)) < 1_100


@settings(deadline=None)
@given(some.text(max_size=60), some.lists(some.text(max_size=120), max_size=5))
def test_quotes_are_verbatim_and_few_for_any_text(question: str, passages: list[str]) -> None:
    answered = ask(question, passages)
    assert len(answered.quotes) <= 3
    assert 0 <= answered.answerable <= 1
    for quote in answered.quotes:
        assert 0 <= quote.start < quote.end <= len(passages[quote.passage])


@pytest.mark.parametrize(
    "passage",
    [
        "# " * 4_096,
        "# a" + " " * 8_000 + "b",
        "| " * 4_096,
        "a. B! " * 1_400,
        "1," * 4_096,
        "." * 8_192,
    ],
    ids=["hashes", "spaces", "bars", "sentences", "digits", "dots"],
)
def test_hostile_passages_cost_bounded_time(passage: str) -> None:
    started = time.process_time()
    ask("How many events does Kafka lose when the broker is killed?", [passage] * 32)
    assert time.process_time() - started < 3


def test_the_answer_does_not_depend_on_the_order_of_hashes() -> None:
    script = (
        "from tests.unit.triton_models.test_answerer import TOWN, ask\n"
        "for q in ('Who founded the harbour in 1642?', 'What does the ferry cost on the lake?'):\n"
        "    print(repr(ask(q, TOWN)))"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1
    assert b"Answer(" in answers.pop()
