"""What a query may say: numbers within bounds, words of a few, and nothing that nobody heeds."""

from collections.abc import Collection

from starlette.requests import Request

from gateway.errors import invalid
from gateway.sse import MEDIA_TYPE

LIMIT, LIMIT_MAX = 50, 1_000
DIGITS_MAX = 9


def checked(request: Request, *known: str) -> None:
    """Raise ApiError for a parameter that is not known, or given twice."""
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            told = f"there is no parameter {name!r}; there is {', '.join(known) or 'none'}"
            raise invalid(told, name)
        if names.count(name) > 1:
            raise invalid(f"{name} is given more than once", name)


def limit_of(request: Request, most: int = LIMIT_MAX) -> int:
    """Return how many are asked for. Raises ApiError."""
    text = request.query_params.get("limit", str(LIMIT))
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    if not 0 < number <= most:
        raise invalid(f"limit is not between 1 and {most}", "limit")
    return number


def words_of(request: Request, name: str, known: Collection[str]) -> frozenset[str]:
    """Return the words of a comma-separated parameter. Raises ApiError for one that is unknown."""
    text = request.query_params.get(name)
    if text is None:
        return frozenset()
    words = frozenset(text.split(","))
    for word in sorted(words - set(known)):
        raise invalid(f"{word!r} is none of {', '.join(sorted(known))}", name)
    return words


def streams(request: Request) -> bool:
    """Whether the client asks for server-sent events."""
    return MEDIA_TYPE in request.headers.get("accept", "")
