"""What a request asks of its model in OpenAI's own words, which any client may have written."""

import json
from typing import Any

from streams.events.sessions import Options


def verbatim(options: Options) -> dict[str, Any]:
    """Return what else is asked for. Raises ValueError for what is no JSON object."""
    said = json.loads(options.verbatim or "{}")
    if not isinstance(said, dict):
        raise ValueError("it is no JSON object")
    return said


def beyond_quoting(options: Options) -> str | None:
    """Return what is asked for that quotes cannot give; sampling has no meaning for them."""
    wanted = verbatim(options)
    if wanted.get("tools") and wanted.get("tool_choice") != "none":
        return "tools"
    form = wanted.get("response_format")
    if form and form != {"type": "text"}:
        return "response_format"
    return "n" if options.n > 1 else None
