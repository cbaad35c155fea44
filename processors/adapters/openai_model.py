"""A model behind any OpenAI-compatible endpoint, through the official client.

Its server decides what "asking again" costs, so the request's id goes along as idempotency key.
"""

from collections.abc import AsyncIterator, Sequence
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
            reason = REFUSALS.get(type(exc))
            if reason is not None:
                return Refusal(reason, _said(exc))
            raise ModelAway(f"{self._name} answered {exc.status_code}: {_said(exc)}") from exc
        except openai.APIError as exc:
            where = self._client.base_url.host
            raise ModelAway(f"no answer about {self._name} from {where}: {exc}") from exc

    async def _whole(self, request: InferenceRequested, asked: dict[str, Any]) -> Answer:
        made = await self._client.chat.completions.create(**asked, stream=False)
        choice, usage = made.choices[0], made.usage
        text = wellformed(choice.message.content or "")
        return Answer(
            text,
            citations_in(text, request.passages),
            choice.finish_reason or "stop",
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
        )

    async def _stream(
        self, request: InferenceRequested, asked: dict[str, Any], emit: Emit
    ) -> Answer:
        stream = await self._client.chat.completions.create(
            **asked, stream=True, stream_options={"include_usage": True}
        )
        pieces: list[str] = []
        finish, usage = "stop", (0, 0)
        async for chunk in cast(AsyncIterator[ChatCompletionChunk], stream):
            if chunk.usage is not None:
                usage = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            for choice in chunk.choices:
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


def _said(exc: openai.APIStatusError) -> str:
    return str(exc.message)[:500]
