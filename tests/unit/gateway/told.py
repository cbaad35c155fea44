"""One who decides again, for doors that need one."""

from collections.abc import Mapping
from typing import Any

from streams.errors import Misconfigured


class Told:
    """Decides nothing again, and remembers what it was asked."""

    def __init__(self) -> None:
        self.forked: list[tuple[str, str, Mapping[str, Any]]] = []

    def state(self, session: str, at: str) -> list[dict[str, Any]]:
        if at == "never":
            raise Misconfigured("never is no event of s-1", fix="see `aether run show`")
        return [{"decider": "router", "state": {"session": session, "at": at}}]

    def fork(self, run: str, at: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        if at == "never":
            raise Misconfigured("r-1 has no never", fix="see `aether run show`")
        self.forked.append((run, at, changes))
        return {"fork": f"fork-{len(self.forked)}"}
