"""`Idempotency-Key`: one answer per key, told again to whoever asks again.

As the IETF draft has it: 409 while the first is under way, 422 for another body. Answers are kept
by this gateway for a day, the latest ten thousand; what is lost with it costs a repeated record,
whose `ce_id` comes of its client's, so that readers drop it.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import invalid, refused

HEADER, REPLAYED = "idempotency-key", "idempotency-replayed"
KEY_MAX, KEPT_MAX, KEPT_S = 255, 10_000, 86_400.0


class _Kept(NamedTuple):
    fingerprint: bytes
    since: float
    answer: Response | None  # None while the first is under way


class Idempotency:
    """The answers that were given under a key, by path."""

    def __init__(self, kept_max: int = KEPT_MAX, clock: Callable[[], float] = time.monotonic):
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._kept_max = kept_max
        self._clock = clock

    async def once(
        self, request: Request, body: bytes, answer: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return what `answer` makes, or made before for the same key and body.

        Whatever ends without an answer of its own may be tried again under its key.
        """
        name = request.headers.get(HEADER)
        if name is None:
            return await answer()
        if not (0 < len(name) <= KEY_MAX and name.isprintable()):
            raise invalid(f"{HEADER} is not 1 to {KEY_MAX} printable characters", HEADER)
        place, fingerprint = (request.url.path, name), _fingerprint(request, body)
        known = self._known(place)
        if known is not None:
            return _again(known, fingerprint)
        self._keep(place, _Kept(fingerprint, self._clock(), None))
        try:
            made = await answer()
        except BaseException:
            self._kept.pop(place, None)
            raise
        self._keep(place, _Kept(fingerprint, self._clock(), made))
        return made

    def _known(self, place: tuple[str, str]) -> _Kept | None:
        known = self._kept.get(place)
        if known is not None and self._clock() - known.since > KEPT_S:
            del self._kept[place]
            return None
        return known

    def _keep(self, place: tuple[str, str], kept: _Kept) -> None:
        self._kept[place] = kept
        self._kept.move_to_end(place)
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)


def _fingerprint(request: Request, body: bytes) -> bytes:
    said = hashlib.sha256(body)
    for name, value in sorted(request.headers.items()):
        if name.startswith("ce-") or name == "content-type":
            said.update(f"\n{name}:{value}".encode())
    return said.digest()


def _again(known: _Kept, fingerprint: bytes) -> Response:
    if known.fingerprint != fingerprint:
        told = f"this {HEADER} came with another body; a new request needs a new key"
        raise refused(422, "idempotency_key_reused", told)
    if known.answer is None:
        told = "the first request of this key is still under way; ask again for its answer"
        raise refused(409, "idempotency_key_in_use", told)
    answer = Response(bytes(known.answer.body), known.answer.status_code)
    answer.raw_headers = [*known.answer.raw_headers, (REPLAYED.encode(), b"true")]
    return answer
