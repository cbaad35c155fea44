"""A model's word becomes a judgement; anything but one of the words does not."""

import json

import pytest

from processors.models.judging import SAID_MAX, Judging, question_of, relation_in
from processors.models.ports import Answer, Emit, Refusal
from streams.errors import ModelAway
from streams.events.memory import JudgementFailed, JudgementMade, JudgementRequested, Relation
from streams.events.sessions import InferenceRequested
from streams.ids import MemoryId, ModelName
from tests.unit.processors.envelopes import enveloped
from tests.unit.processors.memory.stream import fact

JUDGE = ModelName("judge")
OLDER, NEWER = fact("ada.city", "Ada lives in Rome", 0), fact("", 'She "moved"\nolder: {}')
ASKED = JudgementRequested(
    judgement_id="j1", model=JUDGE, memory_id=MemoryId("new"), other_id=MemoryId("old"),
    content=NEWER, other=OLDER,
)  # fmt: skip


class Says:
    """A model that says what a test says."""

    def __init__(self, said: str | Refusal) -> None:
        self.said = said
        self.asked: list[InferenceRequested] = []

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        self.asked.append(request)
        if isinstance(self.said, Refusal):
            return self.said
        return Answer(self.said, (), "stop", 1, 1)


async def outcome(said: str | Refusal, model: ModelName = JUDGE) -> JudgementMade | JudgementFailed:
    (found,) = await Judging({model: Says(said)}).perform([enveloped(ASKED)])
    assert isinstance(found, JudgementMade | JudgementFailed)
    assert (found.judgement_id, found.memory_id, found.other_id) == ("j1", "new", "old")
    return found


@pytest.mark.parametrize(
    ("said", "relation"),
    [
        ("REPLACES", Relation.REPLACES),
        (" same.\n", Relation.SAME),
        ("**DIFFERENT**", Relation.DIFFERENT),
        ("The answer is REPLACES, because she moved.", Relation.REPLACES),
        ("It replaces nothing", None),
        ("SAME or DIFFERENT", None),
        ("", None),
        ("NO", None),
    ],
)
def test_one_word_is_a_judgement(said: str, relation: Relation | None) -> None:
    assert relation_in(said) is relation


async def test_a_judgement_keeps_the_judges_words() -> None:
    made = await outcome("REPLACES" + " x" * SAID_MAX)
    assert isinstance(made, JudgementMade)
    assert made.relation is Relation.REPLACES
    assert len(made.said) == SAID_MAX


@pytest.mark.parametrize(
    ("said", "model", "reason"),
    [
        ("perhaps", JUDGE, "unclear"),
        (Refusal("model_key_refused", "no"), JUDGE, "model_key_refused"),
        ("SAME", ModelName("another"), "unknown_model"),
    ],
)
async def test_what_is_no_judgement_says_why(
    said: str | Refusal, model: ModelName, reason: str
) -> None:
    failed = await outcome(said, model)
    assert isinstance(failed, JudgementFailed)
    assert (failed.reason, bool(failed.detail)) == (reason, True)


def test_a_judge_that_stays_away_is_given_up() -> None:
    failed = Judging.give_up(enveloped(ASKED), ModelAway("away"))
    assert (failed.reason, failed.judgement_id) == ("model_away", "j1")


def test_notes_are_told_as_data_and_the_judgement_is_the_idempotency_key() -> None:
    asked = question_of(ASKED)
    _, told = asked.messages
    older, newer = told.content.split("\n")
    assert json.loads(older.removeprefix("older: ")) == {
        "text": OLDER.text, "about": "ada.city", "said": "1970-01-01",
    }  # fmt: skip
    assert json.loads(newer.removeprefix("newer: ")) == {"text": NEWER.text}
    assert (asked.inference_id, asked.options.temperature, asked.stream) == ("j1", 0.0, False)
