"""A page of a list as OpenAI gives it: so many items, behind one of them, in either order."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import invalid

LIMIT, LIMIT_MAX, DIGITS_MAX = 20, 100, 3


def page(items: Sequence[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of items that are given the oldest first. Raises ApiError."""
    limit, order, after = _limit(query.get("limit")), query.get("order", "desc"), query.get("after")
    if order not in ("asc", "desc"):
        raise invalid("order: it is asc or desc", "order")
    ordered = list(items) if order == "asc" else list(reversed(items))
    start = 0
    if after is not None:
        ids = [item["id"] for item in ordered]
        if after not in ids:
            raise invalid("after: no item here has this id", "after")
        start = ids.index(after) + 1
    data = ordered[start : start + limit]
    return {
        "object": "list",
        "data": data,
        "has_more": start + limit < len(ordered),
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    is_short = text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX
    limit = int(text) if is_short else 0
    if not 0 < limit <= LIMIT_MAX:
        raise invalid(f"limit: it is a number from 1 to {LIMIT_MAX}", "limit")
    return limit
