"""A processor with its IO removed: what it decides, and what it remembers of its decisions.

Both functions are pure and total. A decider reads one topic and writes back to it under the same
key, so that a decision is a function of the stream up to its input.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Generic, TypeVar

from streams.envelope import Envelope
from streams.ids import ProcessorName
from streams.topics import Topic

S = TypeVar("S")
I = TypeVar("I")  # noqa: E741 - input
E = TypeVar("E")
G = TypeVar("G")


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection(Generic[G, I]):
    """A fold that publishes nothing; here of the facts that hold in a whole partition.

    They stand under its key `@grid`; what the observer sampled, under the group's.
    """

    reads: tuple[type, ...]
    initial: G
    evolve: Callable[[G, I], G]

    @property
    def state_type(self) -> type:
        """The type of its states."""
        return type(self.initial)


NO_GRID: Projection[None, Any] = Projection(reads=(), initial=None, evolve=lambda grid, _: grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider(Generic[S, I, E, G]):
    """Chooses events.

    `decide(state, cause, grid)` sees the state of the cause's key, which is the fold of its own
    earlier events alone, and the facts in force in the partition. `version` changes whenever the
    same input may now be decided otherwise or a state looks different: snapshots carry it.
    A partition remembers the `keys_max` keys last decided for; what is finished leaves by becoming
    `initial` again. Of events named in `looks_at`, `evolve` asks for these fields and no others, so
    that a fold reads no more of them.
    """

    name: ProcessorName
    version: int
    topic: Topic
    reads: tuple[type, ...]
    writes: tuple[type, ...]
    initial: S
    decide: Callable[[S, Envelope[I], G], tuple[E, ...]]
    evolve: Callable[[S, E], S]
    grid: Projection[G, Any]
    keys_max: int = 100_000
    looks_at: Mapping[type, tuple[str, ...]] = field(default_factory=dict, hash=False)

    @property
    def state_type(self) -> type:
        """The type of its states."""
        return type(self.initial)

    def fold(self, history: Iterable[E], state: S | None = None) -> S:
        """Return the state that `history` leads to from `state`, or from the beginning."""
        return reduce(self.evolve, history, self.initial if state is None else state)
