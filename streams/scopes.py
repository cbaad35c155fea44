"""Who may recall a memory: everybody on the grid, or one session, one user, one tenant.

A scope's kind is written by us and its name by others: what stands in front of the first colon is
never taken from a name, so no name reaches a scope of another kind.
"""

import unicodedata
from enum import StrEnum

from streams.ids import ScopeId
from streams.text import is_wellformed

#: Everybody's.
GRID = ScopeId("grid")
NAME_MAX = 200
NAMES_RULE = f"1 to {NAME_MAX} printable characters, no space at its ends and no '@' in front of it"


class Owner(StrEnum):
    """What has a scope of its own."""

    SESSION = "session"
    USER = "user"
    TENANT = "tenant"


def scope_of(owner: Owner, name: str) -> ScopeId:
    """Return the scope of a session, a user or a tenant."""
    return ScopeId(f"{owner}:{name}")


def can_name(name: str) -> bool:
    """Say whether something may be called so: a name is a record's key and a header's value."""
    shown = is_wellformed(name) and not any(unicodedata.category(c) == "Cc" for c in name)
    return shown and 0 < len(name) <= NAME_MAX and name == name.strip() and name[0] != "@"


def is_scope(text: str) -> bool:
    """Say whether a request could ever recall from a scope that is written so."""
    owner, colon, name = text.partition(":")
    return text == GRID or (owner in set(Owner) and bool(colon) and can_name(name))
