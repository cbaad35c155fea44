"""`--scope`: whose memory a command is about; one that nobody could recall from is refused."""

from typing import Any

import click

from streams.ids import ScopeId
from streams.scopes import NAMES_RULE, is_scope


class ScopeType(click.ParamType):
    """A scope as it is written on the command line."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the scope, or end the command with what is wrong."""
        if not is_scope(value):
            forms = "`grid`, `session:NAME`, `user:NAME` or `tenant:NAME`"
            self.fail(f"{value!r} is no scope: use {forms}; a name has {NAMES_RULE}", param, ctx)
        return ScopeId(value)


SCOPE = ScopeType()
