"""What an answer looks like: OpenAI's chat completions, whole and in frames.

`aether` holds what their shape has no place for.
"""

import time
from typing import Any

from streams.events import sessions as s
from streams.ids import RunId
from streams.io.chat_json import calls_shown


def answer(event: s.ResponseCompleted, created: int, session: str) -> dict[str, Any]:
    """Return a whole completion; `aether` holds what OpenAI's shape has no place for."""
    return {
        "id": completion_id(event.run_id),
        "object": "chat.completion",
        "created": created,
        "model": event.model,
        "choices": [_choice(index, made) for index, made in enumerate(choices(event))],
        "usage": usage(event),
        "aether": beside(event, session),
    }


def choices(event: s.ResponseCompleted) -> tuple[s.Alternative, ...]:
    """Return all the answers there are, the first first."""
    first = s.Alternative(
        text=event.text, tool_calls=event.tool_calls, finish_reason=event.finish_reason
    )
    return (first, *event.alternatives)


def _choice(index: int, made: s.Alternative) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": made.text, "refusal": None}
    if made.tool_calls:
        message["content"] = made.text or None
        message["tool_calls"] = calls_shown(made.tool_calls)
    return {
        "index": index,
        "message": message,
        "finish_reason": made.finish_reason,
        "logprobs": None,
    }


def chunk(run_id: RunId, model: str, created: int, index: int = 0, **fields: Any) -> dict[str, Any]:
    """Return one frame of a stream; `delta` and `finish_reason`, or `usage`, are its content."""
    told = []
    if "delta" in fields:
        delta, finish = fields.pop("delta"), fields.pop("finish_reason", None)
        told = [{"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}]
    return {
        "id": completion_id(run_id),
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": told,
        **fields,
    }


def usage(event: s.ResponseCompleted) -> dict[str, int]:
    """Return what an answer took."""
    return {
        "prompt_tokens": event.prompt_tokens,
        "completion_tokens": event.completion_tokens,
        "total_tokens": event.prompt_tokens + event.completion_tokens,
    }


def beside(event: s.ResponseCompleted, session: str) -> dict[str, Any]:
    """Return what belongs to an answer beside its text."""
    return {
        "run_id": event.run_id,
        "session_id": session,
        "capability": event.capability,
        "citations": [
            {"marker": c.marker, "memory_id": c.memory_id, "title": c.title, "uri": c.uri,
             "quote": c.quote}
            for c in event.citations
        ],
    }  # fmt: skip


def completion_id(run_id: RunId) -> str:
    """Return the id OpenAI's clients know a run by."""
    return f"chatcmpl-{run_id}"


def now() -> int:
    """Return the Unix time in seconds."""
    return int(time.time())
