"""Writes the descriptions down again: `python -m tests.unit.gateway.described.record`."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.described.asyncapi import asyncapi
from gateway.described.openapi import openapi
from streams.io.settings import ROOT

FOLDER = ROOT / "docs"
MADE: Mapping[str, Callable[[], dict[str, Any]]] = {
    "openapi.json": openapi,
    "asyncapi.json": asyncapi,
}


def text_of(name: str) -> str:
    """Return a description as its file has it."""
    return json.dumps(MADE[name](), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in MADE:
        (FOLDER / name).write_text(text_of(name), encoding="utf-8")
