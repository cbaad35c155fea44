"""What is counted about a piece: which of the question's words it has, and how much they weigh."""

from collections.abc import Sequence

import pytest

from tests.unit.triton_models.loading import load

features = load("extractive", "features")
passages = load("extractive", "passages")
question = load("extractive", "question")

COLUMNS = ("words", "kind_met", "kind_asked", "terms", "names_missing", "of_another")


def rows(asked: str, texts: Sequence[str]) -> list[dict[str, float]]:
    wording = features.Wording(question.taken_apart(asked), texts, passages.pieces(texts))
    return [dict(zip(COLUMNS, row, strict=True)) for row in wording.rows().tolist()]


def test_a_question_is_taken_apart_in_its_order() -> None:
    parts = question.taken_apart("Who paid for the Brasa 60, the new Brasa ovens?")
    assert parts.terms == ("paid", "brasa", "60", "new", "oven")
    assert parts.names == {"brasa", "60"}
    assert parts.kind == "person"


def test_the_more_of_the_question_a_piece_has_the_better() -> None:
    none, some, every = rows("red oven door", ["It rains.", "A red car.", "A red oven door."])
    assert none["words"] == 0 < some["words"] < every["words"] == pytest.approx(1)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    texts = ["An oven.", "The oven.", "One oven.", "My oven.", "A hinge."]
    *_, common, rare = rows("oven hinge", texts)
    assert rare["words"] > common["words"] > 0


def test_a_word_in_the_heading_counts_nearly_as_much_as_one_in_the_piece() -> None:
    headed, plain, bare = rows("oven door", ["# Oven\nThe door.", "The oven door.", "The door."])
    assert bare["words"] < headed["words"] < plain["words"]


def test_a_word_in_the_sentence_before_counts_less_than_one_in_the_heading() -> None:
    texts = ["The oven is new. The door fell.", "# Oven\nThe door.", "The door."]
    _, after, headed, bare = rows("oven door", texts)
    assert bare["words"] < after["words"] < headed["words"]


def test_names_that_the_passage_lacks_are_counted() -> None:
    texts = ["The Brasa 60 is an oven. It is new.", "# Brasa\nIt is new."]
    whole, also, headed = rows("How heavy is the Brasa 60?", texts)
    assert [row["names_missing"] for row in (whole, also, headed)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("turn", "of_another"),
    [
        ("Tom: I moved to Rome.", 1),
        ("Tom: You moved to Oslo, I heard.", 0),
        ("Tom: I know that Ada moved.", 0),
        ("Tom: It is warm in Rome.", 0),
        ("Ada: I moved to Oslo.", 0),
    ],
)
def test_what_a_speaker_says_of_himself_is_not_about_another(turn: str, of_another: int) -> None:
    *_, row = rows("Where did Ada's family move?", ["Ada: Hello.", turn])
    assert row["of_another"] == of_another
