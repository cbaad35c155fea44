"""The encoder benchmark counts what it says it counts."""

import asyncio
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from benchmarks import _served
from benchmarks._served import Batches, Served
from benchmarks.encoder import Load, chosen, grown, least_cosine, loaded, sentences
from processors.adapters.triton import TritonEncoder


def vector(*numbers: float) -> bytes:
    return np.array(numbers, "<f4").tobytes()


def load(*vectors: tuple[str, bytes]) -> Load:
    return Load(2.0, 1.0, [0.1, 0.2, 0.3, 0.4], list(vectors))


def test_the_smallest_cosine_is_that_of_the_vector_that_moved_most() -> None:
    alone = {"a": vector(1, 0), "b": vector(0, 1)}
    told = [load(("a", vector(1, 0)), ("b", vector(0.6, 0.8))), load(("a", vector(0.8, 0.6)))]
    assert least_cosine(alone, told) == pytest.approx(0.8)
    assert least_cosine(alone, [load(("a", vector(1, 0)))]) == 1.0


def test_a_mean_batch_is_what_the_server_did_meanwhile() -> None:
    assert grown(Batches(10, 10), Batches(34, 13)) == 8.0
    assert grown(Batches(10, 10), Batches(10, 10)) == 0.0


def test_a_batch_is_waited_for_that_was_answered_but_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = iter([Batches(57, 8), Batches(57, 8), Batches(64, 8), *[Batches(64, 9)] * 2])
    monkeypatch.setattr(Served, "_counted", lambda _: next(told))
    server = Served(cast(TritonEncoder, None), 0)
    assert server.batches() == Batches(57, 8)
    assert server.batches(64) == Batches(64, 9)


def test_texts_that_are_never_counted_are_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_served, "COUNTED_S", 0.05)
    monkeypatch.setattr(Served, "_counted", lambda _: Batches(57, 8))
    with pytest.raises(TimeoutError, match="57 texts of 64"):
        Served(cast(TritonEncoder, None), 0).batches(64)


def test_figures_are_per_text() -> None:
    assert load().figures(8) == {"texts_per_s_8": 2.0, "cpu_ms_8": 250.0, "p50_ms_8": 250.0}


def test_clients_share_the_texts_and_are_as_many_as_asked() -> None:
    inside = widest = 0

    async def ask(text: str) -> bytes:
        nonlocal inside, widest
        inside, widest = inside + 1, max(widest, inside + 1)
        await asyncio.sleep(0)
        inside -= 1
        return text.encode()

    texts = [str(number) for number in range(20)]
    told = asyncio.run(loaded(ask, texts, 8))
    assert sorted(told.vectors) == sorted((text, text.encode()) for text in texts)
    assert (widest, len(told.waits)) == (8, 20)


def test_sentences_of_a_page_are_told_once(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Title\n\nThe grid is\nthe log. The grid is the log. Everything else follows.\n"
    )
    assert list(sentences([page])) == ["The grid is the log.", "Everything else follows."]


def test_as_many_texts_are_chosen_as_asked(tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text("one\n\n two \n")
    assert chosen(file, 5) == ["one", "two", "one", "two", "one"]
    assert len(set(chosen(None, 50))) == 50
    file.write_text("\n")
    with pytest.raises(SystemExit, match="no text"):
        chosen(file, 1)
