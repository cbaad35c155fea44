"""Which kind of answer a question asks for, and which texts offer one."""

import pytest

from tests.unit.triton_models.loading import load

expectation = load("extractive", "expectation")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who is the mayor?", "person"),
        ("When does the fair start?", "time"),
        ("What time do doors open?", "time"),
        ("How long does it take?", "span"),
        ("How far in advance must I ask?", "span"),
        ("How many nodes are there?", "count"),
        ("How much does a ticket cost?", "money"),
        ("What is the price of a stall?", "money"),
        ("How much memory does it need?", "size"),
        ("How deep is the lake?", "length"),
        ("How old is Ada?", "age"),
        ("How heavy is the oven?", "weight"),
        ("At what temperature is it baked?", "heat"),
        ("Where is the exit?", "place"),
        ("Why was it refused?", "reason"),
        ("What colour is the slide?", "colour"),
        ("How do I install it?", "way"),
        ("Does it run on Windows?", ""),
        ("Which library is used?", ""),
        ("Tell me a joke.", ""),
    ],
)
def test_the_wording_tells_the_kind(question: str, kind: str) -> None:
    assert expectation.asked(question) == kind


@pytest.mark.parametrize(
    ("kind", "text", "offers"),
    [
        ("person", "It was built by Elsbeth Quill.", 1.0),
        ("person", "Ask the owner.", 0.0),
        ("person", "It rains a lot.", -1.0),
        ("time", "It opened in 1889.", 1.0),
        ("time", "It opens when it is warm.", 0.0),
        ("time", "It is open.", -1.0),
        ("span", "It takes three full weeks.", 1.0),
        ("span", "It is version 3.", 0.0),
        ("money", "It is 45 euros.", 1.0),
        ("money", "790 with the workshop.", 0.0),
        ("money", "It is cheap.", -1.0),
        ("way", "Run `tern unlock`.", 1.0),
        ("colour", "It is green.", 1.0),
        ("colour", "It is large.", -1.0),
        ("", "Anything.", 0.0),
    ],
)
def test_a_text_offers_a_kind(kind: str, text: str, offers: float) -> None:
    assert expectation.offered(kind, text, frozenset()) == offers


def test_an_echo_of_the_question_is_no_offer() -> None:
    assert expectation.offered("person", "I met Elsbeth Quill.", {"elsbeth", "quill"}) == -1.0
