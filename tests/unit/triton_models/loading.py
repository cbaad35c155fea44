"""Loads the pure code of a model without Triton, as triton_models/README.md shows it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

MODELS = Path(__file__).parents[3] / "triton_models"


def load(model: str, module: str) -> ModuleType:
    """Return `triton_models/<model>/1/<module>.py`; its neighbours are imported relative to it."""
    package = f"aether_model_{model}"
    if package not in sys.modules:
        sys.modules[package] = ModuleType(package)
        sys.modules[package].__path__ = [str(MODELS / model / "1")]
    return importlib.import_module(f"{package}.{module}")
