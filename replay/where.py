"""Which runs are meant: those with an event of some kind that has some value."""

from typing import Any, NamedTuple

from replay.past import Past
from replay.recorded import plain_of

#: What is at a path that an event does not have; no value is the same.
ABSENT = object()


class Condition(NamedTuple):
    """A run has an event of a kind whose field, by its dotted path, is `value`."""

    kind: str
    path: str
    value: Any

    def holds(self, past: Past) -> bool:
        """Whether it is so of a run."""
        own = (e.event for e in past.stream if e.run_id == past.run_id)
        return any(
            type(event).__name__ == self.kind and _at(plain_of(event), self.path) == self.value
            for event in own
        )


def _at(plain: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(plain, list) and part.isdecimal() and int(part) < len(plain):
            plain = plain[int(part)]
        elif isinstance(plain, dict) and part in plain:
            plain = plain[part]
        else:
            return ABSENT
    return plain
