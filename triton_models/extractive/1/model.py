"""The answerer behind Triton: the model minilm gives its vectors, in one call for each question."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import triton_python_backend_utils as pb_utils

from .answerer import Answer, answer

_ENCODER = "minilm"


class TritonPythonModel:
    """Triton's own name for the class it loads."""

    def execute(
        self, requests: Sequence["pb_utils.InferenceRequest"]
    ) -> list["pb_utils.InferenceResponse"]:
        """One response a request; what is wrong with one request fails that one alone."""
        return [_respond(request) for request in requests]


def _respond(request: "pb_utils.InferenceRequest") -> "pb_utils.InferenceResponse":
    (question,) = _strings(request, "QUESTION")
    passages = _strings(request, "PASSAGES")
    try:
        return _response(answer(question, passages, _embed))
    except (ValueError, pb_utils.TritonModelException) as error:
        return pb_utils.InferenceResponse([], pb_utils.TritonError(str(error)))


def _strings(request: "pb_utils.InferenceRequest", name: str) -> list[str]:
    raw = pb_utils.get_input_tensor_by_name(request, name).as_numpy()
    return [text.decode("utf-8", "replace") for text in raw.reshape(-1)]


def _embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    column = np.array([[text.encode("utf-8", "replace")] for text in texts], np.object_)
    request = pb_utils.InferenceRequest(
        model_name=_ENCODER,
        requested_output_names=["VECTOR"],
        inputs=[pb_utils.Tensor("TEXT", column)],
    )
    response = request.exec()
    if response.has_error():
        raise pb_utils.TritonModelException(
            f"the model {_ENCODER} gave no vectors: {response.error().message()}; "
            "most likely it is not loaded"
        )
    vectors: npt.NDArray[np.float32] = pb_utils.get_output_tensor_by_name(
        response, "VECTOR"
    ).as_numpy()
    return vectors


def _response(answered: Answer) -> "pb_utils.InferenceResponse":
    quotes = answered.quotes
    return pb_utils.InferenceResponse(
        [
            pb_utils.Tensor("PASSAGE", np.array([quote.passage for quote in quotes], np.int32)),
            pb_utils.Tensor("START", np.array([quote.start for quote in quotes], np.int32)),
            pb_utils.Tensor("END", np.array([quote.end for quote in quotes], np.int32)),
            pb_utils.Tensor("SCORE", np.array([quote.score for quote in quotes], np.float32)),
            pb_utils.Tensor("ANSWERABLE", np.array([answered.answerable], np.float32)),
        ]
    )
