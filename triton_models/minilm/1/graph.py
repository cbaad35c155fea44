"""MiniLM's computation as an ONNX graph, so that the weights run without torch.

Standard operators only, float32 throughout: the vectors are those of the published model.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

TOKENS_MAX = 256
DIMENSIONS = 384

_HEADS, _LAYERS = 12, 6
_EPSILON = 1e-12
_OPSET, _IR_VERSION = 20, 10
# Far below every score of a real token, and still a number: its softmax is exactly 0.
_UNSEEN = -1e9

Array = npt.NDArray[np.generic]
Weights = Mapping[str, npt.NDArray[np.float32]]


def minilm(weights: Weights) -> ModelProto:
    """The graph from `ids` int64[n, t] and `mask` float32[n, t] to `vector` float32[n, 384]."""
    graph = _Graph(weights)
    hidden = graph.embeddings("ids")
    unseen = graph.unseen("mask")
    for layer in range(_LAYERS):
        hidden = graph.layer(f"encoder.layer.{layer}", hidden, unseen)
    graph.unit_mean(hidden, "mask", "vector")
    return graph.model()


class _Graph:
    """Nodes in the order of computation; every method returns the name of its result."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def embeddings(self, ids: str) -> str:
        """Word plus position plus segment; the last two are one table, the segment is always 0."""
        place = self._weights["embeddings.position_embeddings.weight"][:TOKENS_MAX]
        place = place + self._weights["embeddings.token_type_embeddings.weight"][0]
        length = self._op("Shape", ids, start=1)
        places = self._op("Slice", self._const(place), self._ints(0), length, self._ints(0))
        words = self._const(self._weights["embeddings.word_embeddings.weight"])
        summed = self._op("Add", self._op("Gather", words, ids), places)
        return self._norm("embeddings.LayerNorm", summed)

    def unseen(self, mask: str) -> str:
        """What is added to the attention scores: 0 for a token, far below 0 for padding."""
        by_key = self._op("Unsqueeze", mask, self._ints(1, 2))
        padding = self._op("Sub", self._const(np.float32(1)), by_key)
        return self._op("Mul", padding, self._const(np.float32(_UNSEEN)))

    def layer(self, name: str, hidden: str, unseen: str) -> str:
        """One transformer layer: attention, then two dense layers, each with its residual."""
        mixed = self._attention(f"{name}.attention.self", hidden, unseen)
        mixed = self._dense(f"{name}.attention.output.dense", mixed)
        hidden = self._norm(f"{name}.attention.output.LayerNorm", self._op("Add", mixed, hidden))
        wide = self._op("Gelu", self._dense(f"{name}.intermediate.dense", hidden))
        narrow = self._dense(f"{name}.output.dense", wide)
        return self._norm(f"{name}.output.LayerNorm", self._op("Add", narrow, hidden))

    def unit_mean(self, hidden: str, mask: str, result: str) -> str:
        """The mean over the real tokens, scaled to length 1: a mean's own divisor cancels out.

        Sums are products with a row, not reductions: ONNX Runtime sums a batch of one in another
        order than a larger one, and the vector's last bit would depend on the batch.
        """
        row = self._op("Unsqueeze", mask, self._ints(1))
        summed = self._op("MatMul", row, hidden)
        square = self._op("MatMul", summed, self._op("Transpose", summed, perm=[0, 2, 1]))
        unit = self._op("Div", summed, self._op("Sqrt", square))
        return self._op("Squeeze", unit, self._ints(1), result=result)

    def model(self) -> ModelProto:
        """The finished model."""
        inputs = [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "t"]),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, ["n", "t"]),
        ]
        vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", DIMENSIONS])
        graph = helper.make_graph(self._nodes, "minilm", inputs, [vector], self._constants)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)

    def _attention(self, name: str, hidden: str, unseen: str) -> str:
        # The scale 1/sqrt(head size) is part of the query's weights: one operation less per token.
        scale = np.float32(1 / np.sqrt(DIMENSIONS / _HEADS))
        query = self._heads(self._dense(f"{name}.query", hidden, scale), [0, 2, 1, 3])
        key = self._heads(self._dense(f"{name}.key", hidden), [0, 2, 3, 1])
        value = self._heads(self._dense(f"{name}.value", hidden), [0, 2, 1, 3])
        scores = self._op("Add", self._op("MatMul", query, key), unseen)
        mixed = self._op("MatMul", self._op("Softmax", scores, axis=-1), value)
        mixed = self._op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self._op("Reshape", mixed, self._ints(0, 0, DIMENSIONS))

    def _heads(self, flat: str, order: list[int]) -> str:
        shape = self._ints(0, 0, _HEADS, DIMENSIONS // _HEADS)
        return self._op("Transpose", self._op("Reshape", flat, shape), perm=order)

    def _dense(self, name: str, value: str, scale: np.float32 = np.float32(1)) -> str:  # noqa: B008
        weight = self._const(self._weights[f"{name}.weight"].T * scale)
        bias = self._const(self._weights[f"{name}.bias"] * scale)
        return self._op("Add", self._op("MatMul", value, weight), bias)

    def _norm(self, name: str, value: str) -> str:
        weight = self._const(self._weights[f"{name}.weight"])
        bias = self._const(self._weights[f"{name}.bias"])
        return self._op("LayerNormalization", value, weight, bias, axis=-1, epsilon=_EPSILON)

    def _ints(self, *values: int) -> str:
        return self._const(np.array(values, np.int64))

    def _const(self, value: Array | np.float32) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _op(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        result = result or f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [result], **attributes))
        return result
