"""The encoder and the extractive answerer on a Triton server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc.aio import InferenceServerClient, InferInput, InferResult
from tritonclient.utils import InferenceServerException

from processors.models.extractive import Quote
from processors.perception.ports import Encoded
from streams.errors import ModelAway

ENCODER, ANSWERER = "minilm", "extractive"
TIMEOUT_S = 30.0
#: What `triton_models/minilm/config.pbtxt` takes at once; more would be refused for ever.
BATCH_MAX = 64


class TritonServer:
    """One connection to a server, opened by its first use; foreign errors end here."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: InferenceServerClient | None = None

    async def infer(self, model: str, inputs: Sequence[InferInput]) -> InferResult:
        """Ask a model. Raises ModelAway."""
        async with self._translated(model) as client:
            return await client.infer(model, inputs, client_timeout=TIMEOUT_S)

    async def parameter(self, model: str, name: str) -> str:
        """Return a parameter of a model's configuration. Raises ModelAway."""
        async with self._translated(model) as client:
            config = await client.get_model_config(model, as_json=True)
            return str(config["config"]["parameters"][name]["string_value"])

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()

    @asynccontextmanager
    async def _translated(self, model: str) -> AsyncIterator[InferenceServerClient]:
        if self._client is None:
            self._client = InferenceServerClient(self._address)
        try:
            yield self._client
        except (InferenceServerException, grpc.RpcError) as exc:
            raise ModelAway(
                f"Triton at {self._address} does not answer for {model}: {exc}",
                fix="check that it runs: `aether status`",
            ) from exc


class TritonEncoder:
    """The encoder as a port of perception."""

    def __init__(self, server: TritonServer) -> None:
        self._server = server
        self._name: str | None = None

    async def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector per text; who answers after an outage is asked for its name again."""
        try:
            if self._name is None:
                self._name = await self._server.parameter(ENCODER, "encoder")
            vectors, tokens = list[bytes](), list[int]()
            for start in range(0, len(texts), BATCH_MAX):
                asked = _texts("TEXT", texts[start : start + BATCH_MAX], column=True)
                result = await self._server.infer(ENCODER, [asked])
                vectors += [row.tobytes() for row in result.as_numpy("VECTOR").astype("<f4")]
                tokens += result.as_numpy("TOKENS").reshape(-1).tolist()
        except ModelAway:
            self._name = None
            raise
        return Encoded(self._name, vectors, tokens)


class TritonAnswerer:
    """The extractive answerer as a port of models."""

    def __init__(self, server: TritonServer) -> None:
        self._server = server

    async def quotes(self, question: str, passages: Sequence[str]) -> list[Quote]:
        """Return what answers the question, the best first."""
        asked = [_texts("QUESTION", [question]), _texts("PASSAGES", passages)]
        result = await self._server.infer(ANSWERER, asked)
        columns = [result.as_numpy(n).tolist() for n in ("PASSAGE", "START", "END", "SCORE")]
        return [Quote(*row) for row in zip(*columns, strict=True)]


def _texts(name: str, texts: Sequence[str], *, column: bool = False) -> Any:
    values = np.array([text.encode() for text in texts], dtype=np.object_)
    shaped = values.reshape(-1, 1) if column else values
    asked = InferInput(name, list(shaped.shape), "BYTES")
    asked.set_data_from_numpy(shaped)
    return asked
