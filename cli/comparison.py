"""What a rebuild came to: everything as it was, or exactly what is not."""

from typing import NamedTuple

from replay.rebuild import Rebuilt

KEYS_SHOWN = 5


class Index(NamedTuple):
    """The memory index as it was and as it is, in memories; `behind` if it had not read all."""

    before: int
    after: int
    behind: bool

    @property
    def same(self) -> bool:
        """Whether there is no difference to what it should have held."""
        return self.behind or self.before == self.after


class Runs(NamedTuple):
    """The index of runs: a hash of what it held, None if it had not read all, and of what it holds.

    `rows` is how many runs that are, each in its stream.
    """

    before: str | None
    after: str
    rows: int

    @property
    def same(self) -> bool:
        """Whether there is no difference to what it should have held."""
        return self.before in (None, self.after)


class Comparison(NamedTuple):
    """What a rebuild came to: every decider's partitions, and both indexes."""

    states: list[Rebuilt]
    memory: Index
    runs: Runs
    seconds: float

    @property
    def same(self) -> bool:
        """Whether everything is as it was."""
        return all(s.same for s in self.states) and self.memory.same and self.runs.same

    @property
    def events(self) -> int:
        """How many records were folded, each once however many deciders it concerns."""
        return sum(s.records for s in self._passes)

    @property
    def events_per_s(self) -> int:
        """How fast."""
        seconds = sum(s.seconds for s in self._passes)
        return round(self.events / seconds) if seconds else 0

    @property
    def differences(self) -> list[str]:
        """What is not as it was, in words."""
        found = [
            f"{s.decider} in {s.topic}/{s.partition} up to offset {s.position}:"
            f" {_listed(s.differs)} differ; {s.before} is now {s.after}"
            for s in self.states
            if not s.same
        ]
        if not self.memory.same:
            found.append(f"index: {self.memory.before} memories are now {self.memory.after}")
        if not self.runs.same:
            found.append(f"runs: {self.runs.before} is now {self.runs.after}")
        return found

    @property
    def _passes(self) -> list[Rebuilt]:
        return list({(s.topic, s.partition, s.position): s for s in self.states}.values())


def _listed(keys: tuple[str, ...]) -> str:
    more = len(keys) - KEYS_SHOWN
    shown = ", ".join(keys[:KEYS_SHOWN]) or "the form of the states"
    return f"{shown} and {more} more" if more > 0 else shown
