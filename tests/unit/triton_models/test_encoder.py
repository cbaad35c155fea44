"""The encoder gives the published model's vectors, whatever the text and whatever the batch."""

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.triton_models.loading import load
from tests.unit.triton_models.reference import Reference

TEXTS = [
    "",
    "a",
    "Hello world",
    "How do I reset my password?",
    "Grüße aus Köln, 你好 😀!",
    "The broker was killed with `kill -9`; 22,408 records were acknowledged and none was lost.",
    "word " * 90,
    "tokens past the limit are not read " * 60,
    *(f"{'very ' * count}short" for count in range(1, 24)),
]
# Components 0, 100, 200 and 383 of the vectors that sentence-transformers 6.2 computes with torch.
PUBLISHED = {
    "": [-0.118838, 0.03595, 0.037717, -0.015717],
    "Hello world": [-0.034477, 0.027731, 0.016573, 0.030207],
    "How do I reset my password?": [0.006903, 0.045606, -0.028549, -0.076237],
    "Grüße aus Köln, 你好 😀!": [0.023984, -0.017314, 0.137337, 0.0195],
}


@pytest.mark.parametrize("text", PUBLISHED)
def test_a_vector_is_the_published_models(encoder: Any, text: str) -> None:
    vector = encoder.encode([text])[0]
    np.testing.assert_allclose(vector[[0, 100, 200, 383]], PUBLISHED[text], rtol=0, atol=1e-6)


def test_vectors_agree_with_a_second_implementation(encoder: Any, weights_dir: Path) -> None:
    from safetensors.numpy import load_file

    reference = Reference(load_file(weights_dir / "model.safetensors"))
    for text in TEXTS:
        expected = reference.vector(encoder._tokens(text))
        np.testing.assert_allclose(encoder.encode([text])[0], expected, rtol=0, atol=1e-6)


def test_a_vector_is_the_same_to_the_bit_in_every_batch(encoder: Any) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    chance = random.Random(1)
    for _ in range(12):
        places = chance.sample(range(len(TEXTS)), chance.randint(2, len(TEXTS)))
        together = encoder.encode([TEXTS[place] for place in places])
        np.testing.assert_array_equal(together, alone[places])


def test_a_vector_is_the_same_to_the_bit_with_more_threads(encoder: Any, weights_dir: Path) -> None:
    threaded = load("minilm", "encoder").Encoder(weights_dir, threads=2)
    np.testing.assert_array_equal(threaded.encode(TEXTS), encoder.encode(TEXTS))


def test_no_texts_have_no_vectors(encoder: Any) -> None:
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00\x01\x7f",
        "😀" * 300,
        "\ud800",
        "\udfff\ud800",
        "x" * 10**6,
        "wörd " * 200_000,
    ],
    ids=["empty", "blank", "control", "emoji", "lone half", "halves", "one long word", "megabyte"],
)
def test_every_string_has_a_unit_vector(encoder: Any, text: str) -> None:
    vector = encoder.encode([text])[0]
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_halves_of_a_character_are_joined_and_a_lone_half_is_replaced(encoder: Any) -> None:
    joined, whole, lone, replaced = encoder.encode(
        ["so \ud83d\ude00", "so \U0001f600", "caf\ud800 noir", "caf\ufffd noir"]
    )
    np.testing.assert_array_equal(joined, whole)
    np.testing.assert_array_equal(lone, replaced)


def test_text_past_the_limit_is_not_read(encoder: Any) -> None:
    read = "word " * 254
    one, other = encoder.encode([read + "sun", read + "moon"])
    np.testing.assert_array_equal(one, other)
    shorter = encoder.encode(["word " * 253 + "sun", "word " * 253 + "moon"])
    assert (shorter[0] != shorter[1]).any()


def test_the_encoder_is_named_by_its_weights(encoder: Any) -> None:
    assert encoder.name == "all-MiniLM-L6-v2@53aa51172d14"


@pytest.mark.parametrize("altered", ["model.safetensors", "tokenizer.json"])
def test_altered_files_are_refused(weights_dir: Path, tmp_path: Path, altered: str) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copyfile(weights_dir / name, tmp_path / name)
    with (tmp_path / altered).open("r+b") as file:
        file.seek(-2, 2)
        file.write(b"\x00")
    module = load("minilm", "encoder")
    with pytest.raises(module.WeightsDiffer, match=altered):
        module.Encoder(tmp_path, expected="all-MiniLM-L6-v2@53aa51172d14")
