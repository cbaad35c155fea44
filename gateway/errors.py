"""Errors as answers: in OpenAI's shape under `/v1`, as RFC 9457 problems under `/api`.

The status is the one that clients of either sort them by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from streams.events.sessions import CANCELLED, EmbeddingFailed, RunFailed

RETRY_AFTER_S = 2
OURS = "/api/"
PROBLEM = "application/problem+json"


@dataclass  # not frozen: an exception on its way is given its traceback
class ApiError(Exception):
    """An answer that is an error.

    `retry` says whether asking again is right (`retry-after`) or wrong (`x-should-retry`, which
    OpenAI's clients obey); None leaves it to the status. `faults` are what is wrong where: a JSON
    pointer or a name, and why.
    """

    status: int
    kind: str
    code: str
    message: str
    param: str | None = None
    retry: bool | None = None
    faults: Sequence[tuple[str, str]] = ()

    @property
    def body(self) -> dict[str, Any]:
        """Return the error as OpenAI writes it."""
        said = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": said}

    @property
    def problem(self) -> dict[str, Any]:
        """Return the error as RFC 9457 has it; `errors` says what is wrong where."""
        title = HTTPStatus(self.status).phrase
        said = {"type": "about:blank", "title": title, "status": self.status}
        told = {**said, "detail": self.message, "code": self.code}
        faults = self.faults or ([(self.param, self.message)] if self.param else [])
        if faults:
            told["errors"] = [{"pointer": at, "detail": why} for at, why in faults]
        return told

    def response(self, request: Request | None = None) -> JSONResponse:
        """Return the error as an answer, in the shape that the request's path has errors in."""
        headers = {"retry-after": str(RETRY_AFTER_S)} if self.retry else {}
        if self.retry is False:
            headers["x-should-retry"] = "false"
        if request is not None and request.url.path.startswith(OURS):
            return JSONResponse(self.problem, self.status, headers, media_type=PROBLEM)
        return JSONResponse(self.body, self.status, headers)


def invalid(message: str, param: str | None = None, *, status: int = 400) -> ApiError:
    """The client sent something that cannot be asked."""
    return ApiError(status, "invalid_request_error", "invalid_request", message, param)


def refused(
    status: int, code: str, message: str, faults: Sequence[tuple[str, str]] = ()
) -> ApiError:
    """The client asked for what it cannot have; `code` says which rule is broken."""
    return ApiError(status, "invalid_request_error", code, message, faults=faults)


def away(message: str) -> ApiError:
    """Nothing was sent; the client may ask again."""
    return ApiError(503, "server_error", "unavailable", message, retry=True)


def unknown(run_id: str, message: str) -> ApiError:
    """The request may have been taken and may still be answered: to repeat it would double it."""
    told = f"{message}; run {run_id} may still be answered: `aether run show {run_id}`"
    return ApiError(504, "server_error", "outcome_unknown", told, retry=False)


#: What a failed run means to a client, by its reason; anything else is 500.
_FAILURES = {
    "model_not_found": (404, "invalid_request_error"),
    "invalid_request": (400, "invalid_request_error"),
    CANCELLED: (409, "invalid_request_error"),
    "none_of_these": (422, "invalid_request_error"),
    "no_capability": (503, "server_error"),
    "unknown_capability": (503, "server_error"),
    "perception_failed": (503, "server_error"),
    "recall_failed": (503, "server_error"),
    "model_away": (502, "server_error"),
    "node_away": (502, "server_error"),
    "model_key_refused": (502, "server_error"),
    "model_refused": (502, "server_error"),
    "unknown_model": (502, "server_error"),
    "too_large": (413, "invalid_request_error"),
    "breaker_open": (503, "server_error"),
}
#: Asked again, it fails again until somebody mends it.
_IN_VAIN = {CANCELLED, "model_key_refused", "model_refused", "unknown_model"}


def failed(event: RunFailed | EmbeddingFailed) -> ApiError:
    """A run that ended without an answer."""
    status, kind = _FAILURES.get(event.reason, (500, "server_error"))
    retry = False if event.reason in _IN_VAIN else True if status == 503 else None
    return ApiError(status, kind, event.reason, event.detail, retry=retry)
