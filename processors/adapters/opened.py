"""The adapters that the settings ask for, each opened when a processor first needs it."""

import os
import time
from collections.abc import Mapping
from functools import cached_property

from processors.adapters.in_process import InProcessAnswerer, InProcessEncoder, InProcessModels
from processors.adapters.model_server import ModelServer
from processors.adapters.openai_model import OpenAIModel
from processors.adapters.qdrant_edge_index import QdrantEdgeIndex
from processors.adapters.triton import TritonAnswerer, TritonEncoder, TritonServer
from processors.models.breakers import Breakers
from processors.models.extractive import Answerer, Extractive
from processors.models.ports import Model
from processors.perception.ports import Encoder
from processors.recall.library import Library
from processors.recall.ports import MemoryIndex
from streams.errors import Misconfigured
from streams.ids import ModelName
from streams.io.sections import IN_PROCESS, Endpoint
from streams.io.settings import ROOT, Settings

EXTRACTIVE = ModelName("extractive")
INDEX_FOLDER = "index"


class Adapters:
    """What the processors touch of the world; a subclass replaces what it overrides."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder of texts."""
        if self._settings.triton_address == IN_PROCESS:
            return InProcessEncoder(self._in_process)
        return TritonEncoder(self._triton)

    @cached_property
    def index(self) -> MemoryIndex:
        """The index of memories: embedded in the worker's own folder, or a server's."""
        qdrant = self._settings.qdrant
        if qdrant.url is None:
            return QdrantEdgeIndex(self._settings.worker_home / INDEX_FOLDER)
        from qdrant_client import AsyncQdrantClient  # takes as long to import as all the rest

        from processors.adapters.qdrant_server_index import QdrantServerIndex

        key = qdrant.api_key.get_secret_value() if qdrant.api_key else None
        return QdrantServerIndex(AsyncQdrantClient(url=qdrant.url, api_key=key))

    @cached_property
    def library(self) -> Library:
        """The memories of all scopes, over the index."""
        return Library(self.index)

    @cached_property
    def models(self) -> Mapping[ModelName, Model]:
        """Every model by name: the extractive answerer, and the endpoints that are set."""
        return {
            EXTRACTIVE: Extractive(self._answerer),
            **{
                ModelName(name): OpenAIModel(self._servers[name], endpoint.model)
                for name, endpoint in self._settings.models.items()
            },
        }

    @cached_property
    def breakers(self) -> Breakers:
        """The breakers of the models."""
        return Breakers(lambda: int(time.time() * 1000))

    @cached_property
    def guarded(self) -> Mapping[ModelName, Model]:
        """Every model by name, behind its breaker."""
        return self.breakers.guard(self.models)

    @cached_property
    def _servers(self) -> Mapping[str, ModelServer]:
        endpoints = self._settings.models.items()
        return {
            name: ModelServer(endpoint.base_url, _key(name, endpoint), endpoint.timeout_s)
            for name, endpoint in endpoints
        }

    @property
    def budgets(self) -> Mapping[ModelName, int]:
        """How many tokens of context each model is given that sets it."""
        endpoints = self._settings.models.items()
        return {ModelName(name): endpoint.context_tokens for name, endpoint in endpoints}

    @cached_property
    def _triton(self) -> TritonServer:
        return TritonServer(self._settings.triton_address)

    @cached_property
    def _in_process(self) -> InProcessModels:
        return InProcessModels(ROOT / "triton_models", self._settings.triton.packages)

    @property
    def _answerer(self) -> Answerer:
        if self._settings.triton_address == IN_PROCESS:
            return InProcessAnswerer(self._in_process)
        return TritonAnswerer(self._triton)

    async def close(self) -> None:
        """Close what was opened."""
        if "index" in vars(self):
            await self.index.close()
        if "_triton" in vars(self):
            await self._triton.close()
        for server in vars(self).get("_servers", {}).values():
            await server.close()


def _key(name: str, endpoint: Endpoint) -> str | None:
    """Return the key a model's server wants; those on one's own machine want none."""
    if endpoint.api_key_env is None:
        return None
    key = os.environ.get(endpoint.api_key_env, "")
    if not key:
        raise Misconfigured(
            f"model {name} takes its key from {endpoint.api_key_env}, which is not set",
            fix=f"export {endpoint.api_key_env}=..., or remove the model from the settings",
        )
    return key
