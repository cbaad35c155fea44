"""Pieces of answers: whatever comes twice or not at all, a client puts together what was said."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from gateway.errors import ApiError
from gateway.pieces import Delta, Heard
from streams.events import sessions as s
from streams.events.chunks import CallEmitted, TextEmitted
from streams.ids import InferenceId, RunId
from tests.unit.gateway.door import completed

RUN, INFERENCE = RunId("run"), InferenceId("i")
CALL = s.ToolCall(id="c1", name="measure", arguments='{"what": "Größe"}')
TEXT = "It is 324 m 🗼."


def text(start: int, said: str, choice: int = 0) -> TextEmitted:
    return TextEmitted(run_id=RUN, inference_id=INFERENCE, start=start, text=said, choice=choice)


def call(start: int, arguments: str, of: s.ToolCall = CALL, number: int = 0) -> CallEmitted:
    return CallEmitted(
        run_id=RUN, inference_id=INFERENCE, choice=0, call=number, call_id=of.id, name=of.name,
        start=start, arguments=arguments,
    )  # fmt: skip


def together(deltas: Iterable[Delta]) -> tuple[dict[int, str], dict[int, s.ToolCall]]:
    """Put deltas together as clients do: texts and arguments are appended to each other."""
    texts: dict[int, str] = {}
    calls: dict[int, s.ToolCall] = {}
    for choice, told in deltas:
        if "content" in told:
            texts[choice] = texts.get(choice, "") + told["content"]
        for more in told.get("tool_calls", ()):
            number, function = more["index"], more["function"]
            if "id" in more:
                assert number not in calls, "it began twice"
                calls[number] = s.ToolCall(id=more["id"], **function)
            else:
                known = calls[number]
                arguments = known.arguments + function["arguments"]
                calls[number] = s.ToolCall(id=known.id, name=known.name, arguments=arguments)
    return texts, calls


def cut(whole: str, at: list[int]) -> list[tuple[int, str]]:
    ends = sorted({0, len(whole), *(a % (len(whole) + 1) for a in at)})
    return [(start, whole[start:end]) for start, end in pairwise(ends)]


CUTS = st.lists(st.integers(0, 100), max_size=6)
#: How often each piece arrives: not at all, once or twice.
TIMES = st.lists(st.integers(0, 2), min_size=30, max_size=30)


@forall(texts=CUTS, others=CUTS, calls=CUTS, times=TIMES)
def test_whatever_pieces_come_how_often_the_client_has_the_whole_answer(
    texts: list[int], others: list[int], calls: list[int], times: list[int]
) -> None:
    second = s.ToolCall(id="c2", name="weigh", arguments="{}")
    made = completed(
        RUN, TEXT, tool_calls=(CALL, second),
        alternatives=(s.Alternative(text="325 m.", tool_calls=(), finish_reason="stop"),),
    )  # fmt: skip
    pieces: list[Any] = [
        *(text(*each) for each in cut(TEXT, texts)),
        *(text(*each, choice=1) for each in cut("325 m.", others)),
        call(0, ""),
        *(call(*each) for each in cut(CALL.arguments, calls)),
        call(0, "", second, 1),
    ]
    heard = Heard()
    coming = [p for p, n in zip(pieces, times, strict=False) for _ in range(n)]
    deltas = [new for each in coming if (new := heard.piece(each)) is not None]
    assert together([*deltas, *heard.rest(made)]) == (
        {0: TEXT, 1: "325 m."},
        {0: CALL, 1: second},
    )


@pytest.mark.parametrize(
    ("told", "made"),
    [
        (text(0, "It was"), completed(RUN, TEXT)),
        (text(0, "It is", choice=1), completed(RUN, TEXT)),
        (call(0, '{"how'), completed(RUN, "", tool_calls=(CALL,))),
        (call(0, "", s.ToolCall(id="c9", name="measure", arguments="")),
         completed(RUN, "", tool_calls=(CALL,))),
        (call(0, ""), completed(RUN, TEXT)),
    ],
)  # fmt: skip
def test_what_was_told_cannot_be_taken_back(told: Any, made: s.ResponseCompleted) -> None:
    heard = Heard()
    assert heard.piece(told) is not None
    with pytest.raises(ApiError) as caught:
        list(heard.rest(made))
    assert caught.value.code == "stream_interrupted"
