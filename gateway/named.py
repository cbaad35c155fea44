"""Whom a request names: its session, its user and its tenant, and the scopes that are theirs.

A header counts before the body: a proxy that knows its clients says who they are by headers.
"""

from typing import NamedTuple, Protocol

from starlette.requests import Request

from gateway.errors import invalid
from streams.ids import ScopeId
from streams.scopes import GRID, NAMES_RULE, Owner, can_name, scope_of

SESSION_HEADER = "x-aether-session"
USER_HEADER = "x-aether-user"
TENANT_HEADER = "x-aether-tenant"


class Named(NamedTuple):
    """The names a request gives; all of them may be missing."""

    session: str | None = None
    user: str | None = None
    tenant: str | None = None
    #: Whether its session is one that can be come back to.
    remembered: bool = True

    @property
    def scopes(self) -> tuple[ScopeId, ...]:
        """Where the request may recall from: the grid's memory, and that of whom it names."""
        owners = zip(Owner, (self.session, self.user, self.tenant), strict=True)
        return (GRID, *(scope_of(owner, name) for owner, name in owners if name))

    @property
    def remember_in(self) -> ScopeId | None:
        """Where its turns are remembered: in its session, or else with its user."""
        if self.session and self.remembered:
            return scope_of(Owner.SESSION, self.session)
        return scope_of(Owner.USER, self.user) if self.user else None


class Says(Protocol):
    """A body that may say whom its request is for."""

    @property
    def user(self) -> str | None:
        """The user."""

    @property
    def metadata(self) -> dict[str, str] | None:
        """May hold the session, as `session_id`."""


def named(request: Request, body: Says) -> Named:
    """Return whom a request names. Raises ApiError for a name that nothing can have."""
    session = _header(request, SESSION_HEADER) or (body.metadata or {}).get("session_id")
    user = _header(request, USER_HEADER) or body.user
    return Named(
        session=_checked(session, "a session", "metadata.session_id"),
        user=_checked(user, "a user", "user"),
        tenant=_checked(_header(request, TENANT_HEADER), "a tenant", TENANT_HEADER),
    )


def _checked(name: str | None, what: str, param: str) -> str | None:
    if name is not None and not can_name(name):
        raise invalid(f"the name of {what} has {NAMES_RULE}", param)
    return name


def _header(request: Request, name: str) -> str | None:
    """Return a header that was written in UTF-8; HTTP itself would read its bytes as Latin-1."""
    header = request.headers.get(name)
    try:
        return header and header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header
