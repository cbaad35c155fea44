"""Errors in OpenAI's shape, with the status that its clients sort them by."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from streams.events.sessions import RunFailed

RETRY_AFTER_S = 2


@dataclass  # not frozen: an exception on its way is given its traceback
class ApiError(Exception):
    """An answer that is an error.

    `retry` says whether asking again is right (`retry-after`) or wrong (`x-should-retry`, which
    OpenAI's clients obey); None leaves it to the status.
    """

    status: int
    kind: str
    code: str
    message: str
    param: str | None = None
    retry: bool | None = None

    @property
    def body(self) -> dict[str, Any]:
        """Return the error as OpenAI writes it."""
        said = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": said}

    def response(self) -> JSONResponse:
        """Return the error as an answer."""
        headers = {"retry-after": str(RETRY_AFTER_S)} if self.retry else {}
        if self.retry is False:
            headers["x-should-retry"] = "false"
        return JSONResponse(self.body, self.status, headers)


def invalid(message: str, param: str | None = None, *, status: int = 400) -> ApiError:
    """The client sent something that cannot be asked."""
    return ApiError(status, "invalid_request_error", "invalid_request", message, param)


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
    "none_of_these": (422, "invalid_request_error"),
    "no_capability": (503, "server_error"),
    "unknown_capability": (503, "server_error"),
    "perception_failed": (503, "server_error"),
    "recall_failed": (503, "server_error"),
    "model_away": (502, "server_error"),
    "model_key_refused": (502, "server_error"),
}


def failed(event: RunFailed) -> ApiError:
    """A run that ended without an answer."""
    status, kind = _FAILURES.get(event.reason, (500, "server_error"))
    return ApiError(status, kind, event.reason, event.detail, retry=status == 503 or None)
