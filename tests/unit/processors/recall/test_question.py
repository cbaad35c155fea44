"""A question, with and without the speakers it names."""

import pytest

from processors.recall.question import taken_apart

SPEAKERS = {"Ada Lovelace": 0, "Will": 1, "": 2}


@pytest.mark.parametrize(
    ("text", "nameless", "names"),
    [
        ("What did Ada paint?", "What did paint?", {"Ada"}),
        ("What is Ada's favourite colour?", "What is favourite colour?", {"Ada"}),
        ("Where does Ada Lovelace live?", "Where does live?", {"Ada", "Lovelace"}),
        ("What will Will do?", "What will do?", {"Will"}),
        ("What will she do?", "What will she do?", set()),
        ("what did ada say?", "what did say?", {"Ada"}),
        ("Is it Adamant?", "Is it Adamant?", set()),
    ],
)
def test_named_speakers_are_taken_out(text: str, nameless: str, names: set[str]) -> None:
    question = taken_apart(text, SPEAKERS)
    assert (question.nameless, set(question.names)) == (nameless, names)


def test_a_role_is_no_name() -> None:
    text = "How does Ada delete a user account?"
    question = taken_apart(text, {"user": 0, "Assistant": 1, "Ada": 2})
    assert question.nameless == "How does delete a user account?"
    assert question.names == frozenset({"Ada"})


def test_a_question_of_nothing_but_a_name_has_no_topic() -> None:
    question = taken_apart("Ada", SPEAKERS)
    assert (question.terms, question.topic) == (("ada",), ())
