"""Requests come under a name that is ours, and from no page but our own.

A browser lets any page send to this machine, and lets it read what it reaches under a name of the
page's own (DNS rebinding). What is asked tells neither from a client; `Host` and `Origin` do, and
a page cannot forge them. Who is no browser sends no `Origin`, and may leave out `Host`.
"""

import re
from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import ApiError, refused

LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: No name leads to it, so that nobody's name can lead a page there.
_ADDRESS = re.compile(r"[\d.]+|\[[\da-f:.]+\]")
_FIX = "add {!r} to the setting gateway.hosts (AETHER_GATEWAY__HOSTS, a JSON list) if it is yours"


class Addressed:
    """Refuses a request before anything is done with it; `hosts` are ours besides `localhost`."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._ours = LOCAL.union(map(str.lower, hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is for us."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal.response(Request(scope))(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        host = origin = ""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1").lower()
            elif name == b"origin":
                origin = value.decode("latin-1").lower()
        named = _name_of(host)
        if not (host == "" or named in self._ours or _ADDRESS.fullmatch(named)):
            told = f"Host {named[:100]!r} is no name of this gateway; {_FIX.format(named[:100])}"
            return refused(421, "unknown_host", told)
        page = origin.partition("://")[2]
        if not (origin == "" or page == host != "" or _name_of(page) in self._ours):
            told = f"Origin {origin[:100]!r} is no page of this gateway"
            fix = f"; {_FIX.format(_name_of(page)[:100])}" if page else ""
            return refused(403, "foreign_origin", told + fix)
        return None


def _name_of(authority: str) -> str:
    """Return a host without its port."""
    return authority[: authority.find("]") + 1] or authority.partition(":")[0]
