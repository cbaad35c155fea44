"""A model behind any OpenAI-compatible endpoint, through the official client.

Its server decides what "asking again" costs, so the request's id goes along as idempotency key.
"""

from collections.abc import Sequence
from typing import Any, cast

import openai
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from processors.models.ports import Answer, Emit, Refusal
from processors.models.prompt import citations_in, messages_of
from streams.errors import ModelAway
from streams.events.sessions import InferenceRequested, Message
from streams.text import wellformed

#: Answers of a server that say the request itself is wrong, by class.
REFUSALS: dict[type[openai.APIStatusError], str] = {
    openai.BadRequestError: "invalid_request",
    openai.AuthenticationError: "model_key_refused",
    openai.PermissionDeniedError: "model_key_refused",
    openai.NotFoundError: "model_not_found",
    openai.ConflictError: "model_conflict",
    openai.UnprocessableEntityError: "invalid_request",
}
SAID_MAX = 500
#: Those that say the server cannot answer now; every other 4xx would be said again.
LATER = frozenset({408, 425, 429})
#: What comes of reading an answer that is no completion: the client checks no types.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)


class OpenAIModel:
    """One model of one endpoint; `name` is the server's own name for it."""

    def __init__(self, client: openai.AsyncOpenAI, name: str) -> None:
        self._client = client
        self._name = name

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        """Ask for a chat completion."""
        asked = {
            "model": self._name,
            "messages": _params(messages_of(request)),
            "extra_headers": {"Idempotency-Key": request.inference_id},
            **_options(request),
        }
        try:
            if request.stream:
                return await self._stream(request, asked, emit)
            return await self._whole(request, asked)
        except openai.APIStatusError as exc:
            reason = _reason(exc)
            if reason is not None:
                return Refusal(reason, self._said(exc.message))
            said = self._said(exc.message)
            raise ModelAway(f"{self._name} answered {exc.status_code}: {said}") from exc
        except openai.OpenAIError as exc:
            where, said = self._client.base_url.host, self._said(str(exc))
            raise ModelAway(f"no answer about {self._name} from {where}: {said}") from exc
        except UNREADABLE as exc:
            said = self._said(f"{type(exc).__name__} {exc}")
            raise ModelAway(f"what {self._name} answered is no completion: {said}") from exc

    def _said(self, words: str) -> str:
        """Return what a server said; some repeat the key."""
        return words.replace(self._client.api_key, "[key]")[:SAID_MAX]

    async def _whole(self, request: InferenceRequested, asked: dict[str, Any]) -> Answer:
        made = await self._client.chat.completions.create(**asked, stream=False)
        choice = made.choices[0]
        text = wellformed(choice.message.content or "")
        return Answer(
            text,
            citations_in(text, request.passages),
            choice.finish_reason or "stop",
            *_usage(made.usage),
        )

    async def _stream(
        self, request: InferenceRequested, asked: dict[str, Any], emit: Emit
    ) -> Answer:
        stream = await self._client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}
        )
        pieces: list[str] = []
        finish, usage = "stop", (0, 0)
        async with cast(openai.AsyncStream[ChatCompletionChunk], stream) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    usage = _usage(chunk.usage)
                for choice in chunk.choices or ():
                    finish = choice.finish_reason or finish
                    if choice.delta.content:
                        pieces.append(choice.delta.content)
                        emit(wellformed(choice.delta.content))
        text = wellformed("".join(pieces))
        return Answer(text, citations_in(text, request.passages), finish, *usage)


def _params(messages: Sequence[Message]) -> list[ChatCompletionMessageParam]:
    return [
        cast(ChatCompletionMessageParam, {"role": m.role, "content": m.content}) for m in messages
    ]


def _options(request: InferenceRequested) -> dict[str, Any]:
    options = request.options
    given: dict[str, Any] = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "max_tokens": options.max_tokens,
        "seed": options.seed,
        "stop": list(options.stop) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _reason(exc: openai.APIStatusError) -> str | None:
    """Return why the server will never answer this request, or None if it may later."""
    known = REFUSALS.get(type(exc))
    if known is None and 400 <= exc.status_code < 500 and exc.status_code not in LATER:
        return "model_refused"
    return known


def _usage(usage: Any) -> tuple[int, int]:
    return (usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage else (0, 0)
