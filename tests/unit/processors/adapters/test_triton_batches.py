"""The encoder's server takes so many texts at once, and a capability may have more examples."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from processors.adapters.triton import BATCH_MAX, TritonEncoder, TritonServer
from streams.io.settings import ROOT


class Result:
    def __init__(self, count: int, start: int) -> None:
        self.rows = np.arange(start, start + count, dtype=np.float32).reshape(-1, 1)

    def as_numpy(self, name: str) -> Any:
        return {"VECTOR": self.rows, "TOKENS": self.rows.astype(np.int32)}[name]


class Server(TritonServer):
    """Numbers texts as they come, and writes down how many came at once."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.batches: list[int] = []

    async def parameter(self, model: str, name: str) -> str:
        return "encoder"

    async def infer(self, model: str, inputs: Sequence[Any]) -> Any:
        count = inputs[0].shape()[0]
        result = Result(count, sum(self.batches))
        self.batches.append(count)
        return result


async def test_many_texts_are_sent_in_batches_and_come_back_in_their_order() -> None:
    server = Server()
    encoded = await TritonEncoder(server).encode(["text"] * (2 * BATCH_MAX + 1))
    assert server.batches == [BATCH_MAX, BATCH_MAX, 1]
    found = np.frombuffer(b"".join(encoded.vectors), "<f4")
    assert found.tolist() == encoded.tokens == list(range(2 * BATCH_MAX + 1))


def test_a_batch_is_what_the_model_takes() -> None:
    config = (ROOT / "triton_models" / "minilm" / "config.pbtxt").read_text()
    assert re.findall(r"max_batch_size: (\d+)", config) == [str(BATCH_MAX)]
