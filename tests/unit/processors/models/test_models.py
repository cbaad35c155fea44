"""Models: the prompt, citations, the extractive answerer and the effect that asks them."""

from collections.abc import Mapping, Sequence
from typing import Any

from processors.models.effect import Inferring
from processors.models.extractive import NOTHING, Extractive, Quote
from processors.models.ports import Answer, Emit, Refusal
from processors.models.prompt import citations_in, messages_of
from streams.errors import ModelAway
from streams.events import sessions as s
from streams.ids import MemoryId, ModelName
from tests.given import cause
from tests.unit.processors.examples import MESSAGES, asked, inference, inferred, passage

TWO = (passage("one"), passage("two", memory_id=MemoryId("m2"), title="", section=""))


def emit(_: str) -> None:
    """Nobody listens."""


# -- prompt


def test_passages_stand_numbered_before_the_conversation() -> None:
    told, *rest = messages_of(asked(passages=TWO))
    assert told.role == "system"
    assert told.content.endswith("[1] Towers - Height\none\n\n[2] \ntwo")
    assert tuple(rest) == MESSAGES


def test_without_passages_the_conversation_is_as_it_was() -> None:
    assert messages_of(asked(passages=())) == list(MESSAGES)


def test_what_is_cited_by_number_is_cited_once_in_order() -> None:
    cited = citations_in("so [2], [1], [2] and [3] [x] [0] [-1] [1.5]", TWO)
    assert [(c.marker, c.memory_id, c.quote) for c in cited] == [
        (1, "m1", "one"),
        (2, "m2", "two"),
    ]
    assert citations_in("nothing [3]", TWO) == ()


# -- the extractive answerer


class Quotes:
    """An answerer that says what a test says."""

    def __init__(self, *quotes: Quote) -> None:
        self.quoted = list(quotes)
        self.asked: list[tuple[str, list[str]]] = []

    async def quotes(self, question: str, passages: Sequence[str]) -> list[Quote]:
        self.asked.append((question, list(passages)))
        return self.quoted


async def test_an_answer_is_quotes_with_their_citations() -> None:
    shown = "# Towers - Height\n\none"
    answerer = Quotes(Quote(1, 0, 3, 0.9), Quote(0, len(shown) - 3, len(shown), 0.5))
    pieces: list[str] = []
    answer = await Extractive(answerer).answer(asked(passages=TWO), pieces.append)
    assert answerer.asked == [("How tall?", [shown, "two"])]
    assert isinstance(answer, Answer)
    assert answer.text == "two [1]\n\none [2]"
    assert pieces == [answer.text]
    assert [(c.marker, c.memory_id, c.title, c.quote) for c in answer.citations] == [
        (1, "m2", "", "two"),
        (2, "m1", "Towers - Height", "one"),
    ]


async def test_without_a_quote_it_says_that_nothing_answers() -> None:
    answer = await Extractive(Quotes()).answer(asked(), emit)
    assert answer == Answer(NOTHING, (), "stop", 7, 4)


async def test_without_passages_nobody_is_asked() -> None:
    answerer = Quotes(Quote(0, 0, 1, 1.0))
    answer = await Extractive(answerer).answer(asked(passages=()), emit)
    assert (answer, answerer.asked) == (Answer(NOTHING, (), "stop", 2, 4), [])


# -- the effect


class Speaking:
    """A model that says its answer in pieces."""

    def __init__(self, *pieces: str, then: Any) -> None:
        self._pieces = pieces
        self._then = then

    async def answer(self, request: s.InferenceRequested, emit: Emit) -> Answer | Refusal:
        for piece in self._pieces:
            emit(piece)
        if isinstance(self._then, Exception):
            raise self._then
        return self._then  # type: ignore[no-any-return]


class Heard:
    """Pieces that were published."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, str]] = []

    def publish(self, request: s.InferenceRequested, start: int, text: str) -> None:
        self.pieces.append((start, text))


SAID = Answer("324 m.", (), "stop", 7, 2)


async def perform(models: Mapping[str, Any], request: s.InferenceRequested) -> Any:
    heard = Heard()
    named = {ModelName(name): model for name, model in models.items()}
    (outcome,) = await Inferring(named, heard).perform([cause(request)])
    return outcome, heard.pieces


async def test_what_a_model_says_completes_the_inference() -> None:
    assert await perform({"extractive": Speaking(then=SAID)}, asked()) == (inferred(), [])


WHAT_TO_DO = " Set it under `models`, or withdraw what asks for it: `aether capability withdraw`"


async def test_an_unknown_model_fails_it_and_names_the_known_ones() -> None:
    detail = "no model is called 'extractive' here; known are a, b." + WHAT_TO_DO
    models = {"b": Speaking(then=SAID), "a": Speaking(then=SAID)}
    assert await perform(models, asked()) == (_failed("unknown_model", detail), [])
    nobody = "no model is called 'extractive' here; known are none." + WHAT_TO_DO
    assert await perform({}, asked()) == (_failed("unknown_model", nobody), [])


async def test_a_refusal_fails_it() -> None:
    models = {"extractive": Speaking(then=Refusal("invalid_request", "too long"))}
    assert await perform(models, asked()) == (_failed("invalid_request", "too long"), [])


async def test_pieces_are_published_where_they_begin_in_characters() -> None:
    speaking = Speaking("größe ", "", "🗼", " x", then=SAID)
    _, pieces = await perform({"extractive": speaking}, asked(stream=True))
    assert pieces == [(0, "größe "), (6, "🗼"), (7, " x")]
    _, unheard = await perform({"extractive": speaking}, asked(stream=False))
    assert unheard == []


async def test_a_model_that_stays_away_fails_the_inference() -> None:
    given_up = Inferring({}, Heard()).give_up(cause(asked()), ModelAway("it is away"))
    assert given_up == _failed("model_away", "it is away")


def _failed(reason: str, detail: str) -> s.InferenceFailed:
    return s.InferenceFailed(
        run_id=asked().run_id,
        inference_id=inference(),
        model=ModelName("extractive"),
        reason=reason,
        detail=detail,
    )
