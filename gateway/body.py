"""Bodies of requests: read up to a limit and within a time, then as JSON."""

import asyncio
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request

from gateway.errors import ApiError, invalid, refused

BYTES_MAX, WITHIN_S = 10_485_760, 30.0


class Bodies(NamedTuple):
    """How large a body may be, and how long its client may take to send it."""

    bytes_max: int = BYTES_MAX
    within_s: float = WITHIN_S

    def up_to(self, limit: int) -> "Bodies":
        """Return the same with a lower limit, unless it is lower already."""
        return self._replace(bytes_max=min(limit, self.bytes_max))

    async def read(self, request: Request) -> bytes:
        """Return the body. Raises ApiError for one too large or too slow.

        Reading stops at the limit, whatever the client says its length is.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self.bytes_max:
            raise self._too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(self.within_s):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self.bytes_max:
                        raise self._too_large()
        except TimeoutError:
            message = f"the body did not arrive within {self.within_s:g} s"
            raise refused(408, "request_timeout", message) from None
        return bytes(body)

    async def json(self, request: Request) -> Any:
        """Return the body's JSON. Raises ApiError as `read` does, and for what is not JSON."""
        return parsed(await self.read(request))

    def _too_large(self) -> ApiError:
        return invalid(f"the body has more than {self.bytes_max} bytes", status=413)


#: The limits of a gateway that sets none.
BODIES = Bodies()


def parsed(body: bytes) -> Any:
    """Return what a body says in JSON. Raises ApiError for what is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise invalid(f"the body is not JSON: {exc}") from None
