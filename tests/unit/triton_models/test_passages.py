"""Passages are cut where a reader would cut them, and every piece is verbatim."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.triton_models.loading import load

passages = load("extractive", "passages")

MANUAL = """# Tern

It is written in Go. Windows is not supported.

## Use

Make a snapshot:

```sh
tern save ~/Documents
tern list --tag daily --newest --long
```

| Option | Default |
|---|---|
| `parallel` | 4 |

- Remove the lock with `tern unlock`.
* Dr. Lind says: e.g. on Mondays at 9.30 a.m. it rests.
"""


def cut(text: str) -> list[Any]:
    pieces: list[Any] = passages.pieces([text])
    return pieces


def texts(text: str) -> list[str]:
    return [piece.text for piece in cut(text)]


def test_markdown_is_cut_into_sentences_items_rows_and_lines_of_code() -> None:
    assert texts(MANUAL) == [
        "It is written in Go.",
        "Windows is not supported.",
        "Make a snapshot:",
        "tern save ~/Documents",
        "tern list --tag daily --newest --long",
        "| `parallel` | 4 |",
        "Remove the lock with `tern unlock`.",
        "Dr. Lind says: e.g. on Mondays at 9.30 a.m. it rests.",
    ]


def test_a_piece_knows_what_stands_above_it() -> None:
    context = {piece.text: piece.in_context for piece in cut(MANUAL)}
    assert context["Windows is not supported."].startswith("Tern: ")
    assert context["tern list --tag daily --newest --long"] == (
        "Use: Make a snapshot:: tern list --tag daily --newest --long"
    )
    assert context["| `parallel` | 4 |"] == "Use: | Option | Default |: | `parallel` | 4 |"


def test_a_turn_of_a_chat_knows_its_speaker() -> None:
    first, second = cut("Ada: I moved to Oslo.\nTom: When? I was in Rome then.")[::2]
    assert (first.text, first.block.speaker) == ("I moved to Oslo.", "Ada")
    assert (second.text, second.block.speaker) == ("I was in Rome then.", "Tom")


def test_a_speaker_speaks_until_the_next_empty_line() -> None:
    pieces = cut("Note: It is closed.\nIt was sold.\n\nThe fair is in May.")
    assert [piece.block.speaker for piece in pieces] == ["Note", "Note", ""]


@pytest.mark.parametrize("title", ["# Fees", "**Fees**", "Fees\n----", "Fees\n===="])
def test_a_heading_is_context_and_not_a_piece(title: str) -> None:
    (piece,) = cut(f"{title}\nFive euros a day.")
    assert (piece.text, piece.block.heading) == ("Five euros a day.", "Fees")


def test_a_heading_ends_where_one_of_its_level_begins() -> None:
    pieces = cut("# A\n## B\none\n## C\ntwo\n# D\nthree")
    assert [piece.block.heading for piece in pieces] == ["A > B", "A > C", "D"]


def test_a_label_in_capitals_is_a_heading() -> None:
    (piece,) = cut("WATER TANK. It holds two litres.")
    assert (piece.text, piece.block.heading) == ("It holds two litres.", "Water tank")


def test_lines_of_one_paragraph_are_read_together() -> None:
    assert texts("The fee is\nfive euros. It is\ndue in May.") == [
        "The fee is\nfive euros.",
        "It is\ndue in May.",
    ]


def test_a_long_sentence_is_cut_at_semicolons_and_then_at_spaces() -> None:
    clause = "a clause that goes on " * 8
    assert len(texts(f"{clause}; {clause}; end.")) == 3
    assert all(len(text) <= passages.PIECE_CHARACTERS_MAX for text in texts("word " * 500))


def test_rules_links_and_empty_text_hold_nothing_to_quote() -> None:
    assert texts("") == texts(" \n\n---\n***\n") == []
    assert texts("![logo](logo.png)\n\n[1]: http://example.org") == []


@pytest.mark.parametrize("text", ["What did it cost?", "Make a snapshot:", "'Really?'"])
def test_questions_and_introductions_state_nothing(text: str) -> None:
    (piece,) = cut(text)
    assert not piece.states_something


@settings(deadline=None)
@given(some.text("ab A.?!;:|#*-`>~ \t\n\r\u20281=é\u3002\ud800", max_size=300))
def test_pieces_are_verbatim_in_order_and_never_overlap(text: str) -> None:
    pieces = cut(text)
    for piece in pieces:
        assert piece.text == text[piece.start : piece.end] == piece.text.strip() != ""
    for one, following in pairwise(pieces):
        assert one.end <= following.start


@settings(deadline=None)
@given(some.lists(some.text(max_size=80), max_size=4))
def test_any_text_can_be_cut(several: list[str]) -> None:
    assert all(0 <= piece.passage < len(several) for piece in passages.pieces(several))


def test_emphasis_that_spans_sentences_leaves_no_half_of_it() -> None:
    assert texts("> **The law is short. It has two parts.** Both `are` **kept**.") == [
        "The law is short.",
        "It has two parts.",
        "Both `are` **kept**.",
    ]
