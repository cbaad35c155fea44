"""The encoder behind a real Triton: the same bits as in process, and nothing brings it down."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from tests.engines_fixtures import ServeModels
from tests.integration.triton_models.calls import embed, strings
from tests.integration.triton_models.conftest import MODELS

pytestmark = pytest.mark.integration

Vectors = npt.NDArray[np.float32]

TEXTS = [f"request {number} is {'very ' * (number % 13)}short" for number in range(64)]


def alone(client: InferenceServerClient) -> Vectors:
    return np.concatenate([embed(client, [text]) for text in TEXTS])


def test_64_concurrent_requests_get_the_vectors_they_get_alone(
    triton_url: str, client: InferenceServerClient
) -> None:
    def one(text: str) -> Vectors:
        with InferenceServerClient(triton_url) as own:
            return embed(own, [text])

    expected = alone(client)
    before = executions(client)
    with ThreadPoolExecutor(len(TEXTS)) as pool:
        vectors = list(pool.map(one, TEXTS))
    np.testing.assert_array_equal(np.concatenate(vectors), expected)
    assert executions(client) - before < len(TEXTS), "Triton made no batches: this proves nothing"


def executions(client: InferenceServerClient) -> int:
    statistics = client.get_inference_statistics("minilm", as_json=True)
    return int(statistics["model_stats"][0].get("execution_count", 0))


def test_a_batch_has_the_vectors_of_its_texts(client: InferenceServerClient) -> None:
    np.testing.assert_array_equal(embed(client, TEXTS), alone(client))


def test_vectors_have_length_one(client: InferenceServerClient) -> None:
    vectors = embed(client, ["", "x" * 10**6, "😀", "\x00"])
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_bytes_that_are_no_text_have_a_vector(client: InferenceServerClient) -> None:
    broken, replaced = embed(client, [b"caf\xff noir", "caf\ufffd noir"])
    np.testing.assert_array_equal(broken, replaced)


def numbers(shape: Sequence[int]) -> InferInput:
    tensor = InferInput("TEXT", list(shape), "FP32")
    tensor.set_data_from_numpy(np.zeros(shape, np.float32))
    return tensor


@pytest.mark.parametrize(
    "wrong",
    [
        strings("TEXT", [2, 2], ["a"] * 4),
        strings("TEXT", [2], ["a"] * 2),
        strings("TEXT", [65, 1], ["a"] * 65),
        strings("TEXTS", [1, 1], ["a"]),
        numbers([1, 1]),
    ],
    ids=["two columns", "no column", "batch of 65", "another name", "numbers"],
)
def test_a_wrong_input_is_an_error_and_the_server_lives_on(
    client: InferenceServerClient, wrong: InferInput
) -> None:
    with pytest.raises(InferenceServerException):
        client.infer("minilm", [wrong])
    assert embed(client, ["still there"]).shape == (1, 384)


def repository_with(folder: Path, weights_dir: Path) -> Path:
    """A copy of the repository whose encoder is told to read `weights_dir`."""
    shutil.copytree(MODELS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = folder / "minilm/config.pbtxt"
    parameter = f'parameters {{ key: "weights_dir" value: {{ string_value: "{weights_dir}" }} }}\n'
    config.write_text(config.read_text() + parameter)
    return folder


def test_altered_weights_are_refused_and_the_right_ones_load(
    serve_models: ServeModels, weights_dir: Path, tmp_path: Path
) -> None:
    altered = tmp_path / "weights"
    shutil.copytree(weights_dir, altered)
    with (altered / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\x00\x00\x00\x00")
    url = serve_models(repository_with(tmp_path / "models", altered), [])
    with InferenceServerClient(url) as client:
        with pytest.raises(InferenceServerException, match="made by all-MiniLM-L6-v2@53aa51172d14"):
            client.load_model("minilm")
        assert client.is_server_live()
        assert not client.is_model_ready("minilm")
        shutil.copyfile(weights_dir / "model.safetensors", altered / "model.safetensors")
        client.load_model("minilm")
        assert embed(client, ["right"]).shape == (1, 384)
