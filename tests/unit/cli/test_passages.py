"""Every passage can be read alone, and nothing of a document is in none."""

import random

import pytest

from cli.cutting import PASSAGE_MAX
from cli.passages import Part, split_markdown, split_plain

SENTENCE = "The boiler in the cellar is serviced every spring by the same plumber. "


def texts(document: str) -> list[str]:
    return [part.text for part in split_markdown(document)]


def test_a_passage_knows_the_headings_it_stands_under() -> None:
    document = "# House\nOld.\n## Cellar\nDry.\n### Boiler\nNew.\n## Roof\nTiled.\n"
    assert list(split_markdown(document)) == [
        Part(("House",), "Old."),
        Part(("House", "Cellar"), "Dry."),
        Part(("House", "Cellar", "Boiler"), "New."),
        Part(("House", "Roof"), "Tiled."),
    ]


def test_an_underlined_heading_is_one() -> None:
    document = "House\n=====\nOld.\n\nCellar\n------\nDry.\n\n- a list\n---\n\nOne\ntwo\n---\n"
    assert list(split_markdown(document)) == [
        Part(("House",), "Old."),
        Part(("House", "Cellar"), "Dry.\n\n- a list\n---\n\nOne\ntwo\n---"),
    ]


def test_a_hash_inside_a_code_block_is_no_heading() -> None:
    document = "# Use\n```sh\n# a comment\n~~~\n# another\n\nrun\n```\n## After\nDone."
    assert [part.headings for part in split_markdown(document)] == [("Use",), ("Use", "After")]


def test_short_blocks_share_a_passage_and_none_is_too_long() -> None:
    paragraphs = [SENTENCE.strip() * (n % 5 + 1) for n in range(20)]
    passages = texts("\n\n".join(paragraphs))
    assert "\n\n".join(passages).split("\n\n") == paragraphs
    assert max(map(len, passages)) <= PASSAGE_MAX
    assert min(map(len, passages[:-1])) > PASSAGE_MAX // 2


def test_every_part_of_a_table_has_its_header() -> None:
    header = "| Engine | Port |\n|---|--:|"
    rows = [f"| engine number {n} of this very long table | {n} |" for n in range(60)]
    passages = texts("\n".join([header, *rows]))
    assert len(passages) > 1
    assert all(passage.startswith(f"{header}\n| engine") for passage in passages)
    kept = [row for passage in passages for row in passage.split("\n")[2:]]
    assert kept == rows
    assert max(map(len, passages)) <= PASSAGE_MAX


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_every_part_of_a_list_has_the_line_that_leads_it_in(gap: str, between: str) -> None:
    intro = "Before you leave the house:"
    items = [f"- {SENTENCE}\n  Ask for number {n}." for n in range(20)]
    passages = texts(intro + gap + between.join(items))
    assert len(passages) > 1
    for passage in passages:
        assert passage.startswith(f"{intro}{gap}- The boiler")
        assert passage.count("- The boiler") == passage.count("Ask for number"), "no item is cut"
    joined = "".join(passages)
    assert [n for n in range(20) if f"number {n}." in joined] == list(range(20))


def test_an_intro_stays_with_the_short_block_it_leads_in() -> None:
    filler = "x" * (PASSAGE_MAX - 20)  # the intro alone would fit beside it
    assert texts(f"{filler}\n\nIt needs:\n\n- oil\n- water")[-1] == "It needs:\n\n- oil\n- water"


def test_every_part_of_a_code_block_has_its_fences() -> None:
    lines = [f"step_{n}(of, a, long, program)" for n in range(60)]
    passages = texts("\n".join(["```python", *lines, "```"]))
    assert len(passages) > 1
    for passage in passages:
        first, *_, last = passage.split("\n")
        assert (first, last) == ("```python", "```")
    assert [line for p in passages for line in p.split("\n")[1:-1]] == lines


def test_a_long_paragraph_is_cut_between_sentences_into_parts_of_a_like_size() -> None:
    passages = texts(SENTENCE * 20)
    assert all(passage.endswith("plumber.") for passage in passages)
    assert max(map(len, passages)) < 2 * min(map(len, passages))


def test_a_text_without_any_place_to_cut_is_cut_anyway() -> None:
    passages = texts("x" * 2_500)
    assert "".join(passages) == "x" * 2_500
    assert max(map(len, passages)) <= PASSAGE_MAX


def test_a_lead_that_is_longer_than_its_parts_is_not_repeated() -> None:
    document = "Very " * 140 + "long intro\n" + "\n".join(f"- item {n}" for n in range(100))
    joined = "\n".join(texts(document))
    assert joined.count("Very ") == 140
    assert all(f"- item {n}" in joined for n in range(100))


def test_an_empty_text_has_no_passage() -> None:
    assert texts("") == texts("\n \n\n") == []


def test_plain_text_has_no_headings() -> None:
    assert list(split_plain("# not a heading\n\nbut text")) == [
        Part((), "# not a heading\n\nbut text")
    ]


@pytest.mark.parametrize("seed", range(50))
def test_no_word_of_any_document_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    shapes = (
        lambda w: w,
        lambda w: f"- {w}",
        lambda w: f"  {w}",
        lambda w: f"| {w} | {w} |",
        lambda w: "|---|---|",
        lambda w: "```",
        lambda w: "",
        lambda w: f"{w} " * 300,
        lambda w: f"{w}:",
        lambda w: f"# {w}",
    )
    words = [f"word{n}" for n in range(150)]
    document = "\n".join(chance.choice(shapes)(word) for word in words)
    parts = list(split_markdown(document))
    kept = " ".join([*(p.text for p in parts), *(h for p in parts for h in p.headings)])
    found = set(kept.replace(":", " ").split())
    lost = [
        word
        for word in words
        if word in document.replace(":", " ").split() and word not in found
        and f"# {word}" not in document.splitlines()
    ]  # fmt: skip
    assert lost == []
    assert max(len(part.text) for part in parts) <= PASSAGE_MAX
