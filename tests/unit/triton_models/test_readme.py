"""The example of triton_models/README.md runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.triton_models.loading import MODELS


def test_the_example_answers_from_its_passage(
    weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = re.search(r"```python\n(.*?)```", (MODELS / "README.md").read_text(), re.DOTALL)
    assert example is not None
    monkeypatch.chdir(MODELS.parent)
    names: dict[str, Any] = {"weights_dir": weights_dir}
    exec(example[1], names)
    (quote,) = names["answered"].quotes
    assert names["passages"][quote.passage][quote.start : quote.end] == "The deadline is 3 May."
