"""A response as OpenAI shows it, from a run's first event and its last."""

import json
from typing import Any, NamedTuple

from gateway.answers import beside
from gateway.responses import form
from gateway.responses.body import BACKGROUND, INSTRUCTED, METADATA, PREVIOUS, STORED
from gateway.responses.items import calls_of
from streams.envelope import Head
from streams.events.sessions import CANCELLED, RequestReceived, ResponseCompleted, RunFailed
from streams.ids import RunId

PREFIX = "resp_"
#: Why an answer is incomplete, by why its model stopped.
CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Told(NamedTuple):
    """A run as a response tells of it, without its end."""

    run_id: RunId
    session: str
    created: int
    request: RequestReceived
    head: Head

    @property
    def is_stored(self) -> bool:
        """Whether it was asked for by `POST /v1/responses`, and may be asked for again."""
        return self.head.get(STORED) == b"true"

    @property
    def background(self) -> bool:
        """Whether nobody waited for its answer."""
        return BACKGROUND in self.head

    @property
    def instructed(self) -> bool:
        """Whether its first message are its instructions."""
        return INSTRUCTED in self.head and bool(self.request.messages)

    @property
    def metadata(self) -> dict[str, Any]:
        """What its client noted; nothing if the record holds no such note."""
        try:
            noted = json.loads(self.head.get(METADATA, b"{}"))
        except ValueError:
            return {}
        return noted if isinstance(noted, dict) else {}


def response_id(run_id: RunId) -> str:
    """Return the id of a run's response."""
    return PREFIX + run_id


def item_id(run_id: RunId) -> str:
    """Return the id of a response's one message."""
    return f"msg_{run_id}"


def shown(
    told: Told, ended: ResponseCompleted | RunFailed | None, status: str = "in_progress"
) -> dict[str, Any]:
    """Return a response; `status` is that of one which has not ended."""
    options, previous = told.request.options, told.head.get(PREVIOUS)
    said = {
        "id": response_id(told.run_id),
        "object": "response",
        "created_at": told.created,
        "status": _status(ended) if ended is not None else status,
        "background": told.background,
        "error": None,
        "incomplete_details": None,
        "instructions": told.request.messages[0].content if told.instructed else None,
        "max_output_tokens": options.max_tokens,
        "metadata": told.metadata,
        "model": told.request.model,
        "output": [],
        "previous_response_id": previous.decode(errors="replace") if previous else None,
        "store": told.is_stored,
        "temperature": options.temperature,
        "top_p": options.top_p,
        "truncation": "disabled",
        "usage": None,
        **form.shown(options.verbatim),
    }
    if isinstance(ended, RunFailed) and ended.reason != CANCELLED:
        said["error"] = {"code": ended.reason, "message": ended.detail}
    if isinstance(ended, ResponseCompleted):
        said |= _answer(told, ended)
    return said


def _answer(told: Told, ended: ResponseCompleted) -> dict[str, Any]:
    cut = CUT.get(ended.finish_reason)
    return {
        "model": ended.model,
        "incomplete_details": {"reason": cut} if cut else None,
        "output": output(told.run_id, ended),
        "usage": {
            "input_tokens": ended.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": ended.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": ended.prompt_tokens + ended.completion_tokens,
        },
        "aether": beside(ended, told.session),
    }


def output(run_id: RunId, ended: ResponseCompleted) -> list[dict[str, Any]]:
    """Return what was answered: a message, unless all it does is call, and the calls."""
    said = [item(run_id, ended.text)] if speaks(ended) else []
    return [*said, *calls_of(ended.tool_calls, run_id)]


def speaks(ended: ResponseCompleted) -> bool:
    """Whether an answer has a message, and is not made of calls alone."""
    return bool(ended.text) or not ended.tool_calls


def item(run_id: RunId, text: str | None) -> dict[str, Any]:
    """Return a response's message; without a text, one that begins."""
    return {
        "id": item_id(run_id),
        "type": "message",
        "role": "assistant",
        "status": "in_progress" if text is None else "completed",
        "content": [] if text is None else [part(text)],
    }


def part(text: str) -> dict[str, Any]:
    """Return a message's one part."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _status(ended: ResponseCompleted | RunFailed) -> str:
    if isinstance(ended, RunFailed):
        return "cancelled" if ended.reason == CANCELLED else "failed"
    return "incomplete" if ended.finish_reason in CUT else "completed"
