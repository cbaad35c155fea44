"""What if other facts had been in force: those before and beside a run, changed as asked.

`@grid.KIND.path` changes the facts of a kind, `@grid.KIND[value].path` those of them in which some
field is that value, and `@grid` puts in force what had been told at another time or offset.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from replay.change import changed
from replay.past import Past
from replay.recorded import plain_of
from replay.travel import Moment, Traveller
from streams.decider import Projection
from streams.errors import Misconfigured
from streams.io.standing import AnyDecider
from streams.log import EventLog
from streams.topics import GRID_KEY

_PATH = re.compile(r"@grid\.(?P<kind>\w+)(?:\[(?P<only>[^\]]*)\])?\.(?P<path>.+)")
FORM = "write @grid.KIND.path=value, @grid.KIND[value].path=value, or @grid=TIME"


class FactChange(NamedTuple):
    """A change to facts of a kind; with `only`, to those in which some field is that value."""

    kind: type
    only: str | None
    path: str
    value: Any

    def concerns(self, fact: Any) -> bool:
        """Whether a fact is meant."""
        if type(fact) is not self.kind:
            return False
        return self.only is None or self.only in map(str, plain_of(fact).values())


class Rule(NamedTuple):
    """How facts are changed, and as of when they are in force, if not as they were."""

    changes: tuple[FactChange, ...] = ()
    as_of: int | str | None = None

    def told(self, fact: Any) -> Any:
        """Return a fact as it is told under this rule. Raises Misconfigured if it cannot be."""
        for change in self.changes:
            if change.concerns(fact):
                fact = changed(fact, {change.path: change.value})
        return fact

    def position(self, log: EventLog, topic: str, began: Moment) -> Moment:
        """Return up to where the facts count, for what began at a moment."""
        if self.as_of is None:
            return began
        if isinstance(self.as_of, int):
            return began._replace(position=self.as_of)
        at_ms = int(datetime.fromisoformat(self.as_of).timestamp() * 1000)
        return began._replace(position=log.offset_at(topic, began.partition, at_ms))

    def check(self, facts: Iterable[Any]) -> None:
        """Raise Misconfigured for a change that concerns none of these facts."""
        known = list(facts)
        for kind, only, path, _ in (c for c in self.changes if not any(map(c.concerns, known))):
            which = kind.__name__ if only is None else f"{kind.__name__}[{only}]"
            raise Misconfigured(
                f"no fact in force is a {which}, so its {path} cannot be changed",
                fix=f"in force are: {', '.join(sorted({type(f).__name__ for f in known}))}",
            )


def own(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the changes to an event itself."""
    return {path: value for path, value in changes.items() if not _is_grid(path)}


def rule_of(changes: Mapping[str, Any], deciders: Iterable[AnyDecider]) -> Rule | None:
    """Return what changes say of the grid; None if nothing. Raises Misconfigured."""
    kinds = {kind.__name__: kind for decider in deciders for kind in decider.grid.reads}
    found, as_of = list[FactChange](), None
    for path, value in changes.items():
        if path == GRID_KEY:
            as_of = _checked(value)
        elif _is_grid(path):
            said = _PATH.fullmatch(path)
            if said is None or said["kind"] not in kinds:
                raise Misconfigured(
                    f"{path} names no fact of the grid",
                    fix=f"{FORM}; kinds are {', '.join(sorted(kinds))}",
                )
            found.append(FactChange(kinds[said["kind"]], said["only"], said["path"], value))
    return Rule(tuple(found), as_of) if found or as_of is not None else None


def under(past: Past, changes: Mapping[str, Any], traveller: Traveller) -> Past:
    """Return a past as it would have been with other facts in force, before and beside it.

    Raises Misconfigured for a change that no fact can take.
    """
    rule = rule_of(changes, [point.decider for point in past.standpoints])
    if rule is None:
        return past
    topic, began = past.stream[0].topic, past.began
    upto = rule.position(traveller.log, topic, began)
    told = [envelope.event for envelope in traveller.facts(topic, upto)]
    rule.check([*told, *(e.event for e in past.stream if e.key == GRID_KEY)])
    facts = [rule.told(fact) for fact in told]
    points = [point._replace(grid=folded(point.decider.grid, facts)) for point in past.standpoints]
    stream = tuple(
        e._replace(event=rule.told(e.event)) if e.key == GRID_KEY else e
        for e in past.stream
        if rule.as_of is None or e.key != GRID_KEY
    )
    return past._replace(stream=stream, standpoints=points)


def folded(grid: Projection[Any, Any], facts: Iterable[Any]) -> Any:
    """Return what facts come to, in order."""
    return reduce(grid.evolve, (f for f in facts if isinstance(f, grid.reads)), grid.initial)


def _is_grid(path: str) -> bool:
    return path == GRID_KEY or path.startswith(f"{GRID_KEY}.")


def _checked(value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    try:
        datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise Misconfigured(f"@grid={value} is no time and no offset", fix=FORM) from None
    return str(value)
