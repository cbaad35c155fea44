"""Turns, answers and tools as trainers take them in: what they refuse is told otherwise.

A row of OpenAI's fine-tuning (`FineTuneChatRequestInput`) has messages, tools and
`parallel_tool_calls` and nothing else. TRL ends a prompt with its user (`apply_chat_template`).
"""

import json
from typing import Any

from replay.dataset.examples import Example
from streams.events.sessions import Message
from streams.io.chat_json import message_shown
from streams.plain import Plain


def turn(message: Message) -> dict[str, Any]:
    """Return a turn; developers speak as the system, and tools without a name."""
    shown = message_shown(message)
    if message.role == "developer":
        shown["role"] = "system"
    if message.role == "tool":
        shown.pop("name", None)
    return shown


def answer_of(example: Example) -> dict[str, Any]:
    """Return what was answered, with the tools it calls."""
    return turn(Message(role="assistant", content=example.answer, tool_calls=example.calls))


def chat_of(example: Example) -> Plain:
    """Return a run as a chat of which the last answer is learned; earlier ones were not judged."""
    told = [turn(message) for message in example.messages]
    for each in told:
        if each["role"] == "assistant":
            each["weight"] = 0
    return {"messages": [*told, answer_of(example)], **_tools(example)}


def ends_with_its_user(example: Example) -> bool:
    """Whether a user spoke last, so that an answer of its own can follow."""
    return bool(example.messages) and example.messages[-1].role == "user"


def _tools(example: Example) -> Plain:
    """Return the functions that could be called, and whether several at once."""
    asked = json.loads(example.verbatim or "{}")
    tools = [tool for tool in asked.get("tools") or () if tool.get("type") == "function"]
    if not tools:
        return {}
    several = asked.get("parallel_tool_calls")
    return {"tools": tools} | ({} if several is None else {"parallel_tool_calls": several})
