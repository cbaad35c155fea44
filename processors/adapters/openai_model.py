"""A model behind any OpenAI-compatible server: what it is asked, and what its answer means.

The server decides what "asking again" costs, so the request's id goes along as idempotency key.
"""

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from processors.adapters.choices import Choices
from processors.adapters.model_server import Declined, ModelServer
from processors.models.ports import Answer, Emit, Refusal
from processors.models.prompt import messages_of
from processors.models.verbatim import verbatim
from streams.errors import ModelAway
from streams.events.sessions import InferenceRequested
from streams.io.chat_json import message_shown

#: Answers of a server that say the request itself is wrong, by status.
REFUSALS: Mapping[int, str] = {
    400: "invalid_request",
    401: "model_key_refused",
    403: "model_key_refused",
    404: "model_not_found",
    409: "model_conflict",
    422: "invalid_request",
}
#: Those that say the server cannot answer now; every other 4xx would be said again.
LATER = frozenset({408, 425, 429})
#: What comes of reading an answer that is no completion.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)


#: How servers call the bound on an answer's tokens: nearly all the first way, models that reason
#: only the second, and they say so.
LIMIT, LATER_LIMIT = "max_tokens", "max_completion_tokens"


class OpenAIModel:
    """One model of one server; `name` is the server's own name for it."""

    def __init__(self, server: ModelServer, name: str) -> None:
        self._server = server
        self._name = name
        self._limit = LIMIT

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        """Ask for a chat completion."""
        asked = {
            **verbatim(request.options),
            "model": self._name,
            "messages": list(map(message_shown, messages_of(request))),
            "stream": request.stream,
            **_options(request),
        }
        bound, called = request.options.max_tokens, self._limit
        if bound is not None:
            asked[called] = bound
        try:
            if request.stream:
                return await self._stream(request, asked, emit)
            return await self._whole(request, asked)
        except Declined as exc:
            if _calls_it_otherwise(exc) and bound is not None and called == LIMIT:
                self._limit = LATER_LIMIT
                return await self.answer(request, emit)
            reason = _reason(exc.status)
            if reason is not None:
                return Refusal(reason, exc.said)
            raise ModelAway(f"{self._name} answered {exc.status}: {exc.said}") from exc
        except UNREADABLE as exc:
            said = self._server.without_key(f"{type(exc).__name__} {exc}")
            raise ModelAway(f"what {self._name} answered is no completion: {said}") from exc

    async def _whole(self, request: InferenceRequested, asked: dict[str, Any]) -> Answer:
        made = json.loads(await self._server.ask(asked, request.inference_id))
        choices = Choices(lambda _: None)
        for choice in made["choices"]:
            choices.take(choice, choice["message"])
        return choices.answer(request, _usage(made))

    async def _stream(
        self, request: InferenceRequested, asked: dict[str, Any], emit: Emit
    ) -> Answer:
        asked["stream_options"] = {"include_usage": True}
        choices, usage = Choices(emit), (0, 0)
        async with aclosing(self._server.stream(asked, request.inference_id)) as told:
            async for data in told:
                chunk = json.loads(data)
                if chunk.get("error"):
                    said = self._server.without_key(str(chunk["error"]))
                    raise ModelAway(f"{self._name} broke off its answer: {said}")
                usage = _usage(chunk) if chunk.get("usage") else usage
                for choice in chunk.get("choices") or ():
                    choices.take(choice, choice["delta"])
        return choices.answer(request, usage)


def _options(request: InferenceRequested) -> dict[str, Any]:
    options = request.options
    given: dict[str, Any] = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "seed": options.seed,
        "stop": list(options.stop) or None,
        "n": options.n if options.n != 1 else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _calls_it_otherwise(declined: Declined) -> bool:
    return declined.status == 400 and LATER_LIMIT in declined.said


def _reason(status: int) -> str | None:
    """Return why the server will never answer this request, or None if it may later."""
    known = REFUSALS.get(status)
    if known is None and 400 <= status < 500 and status not in LATER:
        return "model_refused"
    return known


def _usage(made: dict[str, Any]) -> tuple[int, int]:
    usage = made.get("usage") or {}
    return int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
