"""Bodies of requests: read up to a limit, then as JSON."""

from typing import Any

import orjson
from starlette.requests import Request

from gateway.errors import invalid


async def read_json(request: Request, limit: int) -> Any:
    """Return the body's JSON. Raises ApiError for one too large or not JSON.

    Reading stops at the limit, whatever the client says its length is.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError as exc:
        raise invalid(f"the body is not JSON: {exc}") from None


def _too_large(limit: int) -> Exception:
    return invalid(f"the body has more than {limit} bytes", status=413)
