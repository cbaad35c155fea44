"""Turns of a chat as OpenAI's API writes them: what models are told and data sets hold."""

from collections.abc import Iterable
from typing import Any

from streams.events.sessions import Message, ToolCall


def message_shown(message: Message) -> dict[str, Any]:
    """Return a turn as JSON; one that only calls tools has no content."""
    told: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name:
        told["name"] = message.name
    if message.tool_calls:
        told["content"] = message.content or None
        told["tool_calls"] = calls_shown(message.tool_calls)
    if message.tool_call_id:
        told["tool_call_id"] = message.tool_call_id
    return told


def calls_shown(calls: Iterable[ToolCall]) -> list[dict[str, Any]]:
    """Return calls of tools as JSON."""
    return [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in calls
    ]
