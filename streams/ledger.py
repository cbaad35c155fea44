"""The folds every reader of a partition needs: which records are repeats, a decider's states.

Both are pure functions of the partition's records in order, whoever wrote them and however often.
"""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from streams.decider import Decider
from streams.envelope import Cause, Envelope, Origin, Outcome

S = TypeVar("S")

BEFORE_ALL = (-1, -1)
KEYS_MAX = 10_000

#: Processor, key (None for decisions), offset, step.
Mark = tuple[str, str | None, int, int]


class Marks:
    """The furthest each processor was read; what is not beyond that was read before.

    A decider appends its decisions in the order of their causes and an effect its outcomes in the
    order of a key's requests, so repeats never run ahead. Outcomes are told apart for the
    `keys_max` keys read last; an older repeat meets a decider that has long moved on.
    """

    def __init__(self, furthest: Iterable[Mark] = (), keys_max: int = KEYS_MAX) -> None:
        self._keys_max = keys_max
        self._decisions: dict[str, tuple[int, int]] = {}
        self._outcomes: dict[tuple[str, str], int] = {}
        for processor, key, offset, step in furthest:
            if key is None:
                self._decisions[processor] = offset, step
            else:
                self._outcomes[processor, key] = offset

    def repeats(self, origin: Origin, key: str) -> bool:
        """Say whether what is from `origin` was read before under `key`, and remember it."""
        if origin is None:
            return False
        if isinstance(origin, Outcome):
            return self._outcome_repeats((origin.processor, key), origin.offset)
        processor, (offset, step, _) = origin
        here = offset, step
        if here <= self._decisions.get(processor, BEFORE_ALL):
            return True
        self._decisions[processor] = here
        return False

    def note(self, origin: Origin, key: bytes | None) -> None:
        """Remember that what is from `origin` was read under a record's key."""
        if type(origin) is Outcome:
            named = (key or b"").decode(errors="replace")
            self._outcome_repeats((origin.processor, named), origin.offset)
        else:
            self.repeats(origin, "")  # decisions are told apart without it

    def _outcome_repeats(self, name: tuple[str, str], offset: int) -> bool:
        before = self._outcomes.pop(name, -1)
        self._outcomes[name] = max(before, offset)  # last: the keys stand in the order of reading
        if len(self._outcomes) > self._keys_max:
            del self._outcomes[next(iter(self._outcomes))]
        return offset <= before

    def plain(self) -> list[Mark]:
        """Return what the constructor takes."""
        decisions: list[Mark] = [(name, None, *at) for name, at in self._decisions.items()]
        return [*decisions, *((name, k, at, 0) for (name, k), at in self._outcomes.items())]


class Ledger(Generic[S]):
    """One decider's states in one partition.

    `mark` is the offset of the last input whose decision is complete: every input up to it has
    been considered, and is skipped when it is read again.
    """

    def __init__(
        self,
        decider: Decider[S, Any, Any, Any],
        mark: int = -1,
        states: Iterable[tuple[str, S]] = (),
    ) -> None:
        self.decider = decider
        self.mark = mark
        self.states: dict[str, S] = dict(states)
        self._initial, self._evolve = decider.initial, decider.evolve
        self._open: list[Any] = []
        self._open_offset = -1

    def recall(self, key: str, cause: Cause, event: Any) -> bool:
        """Fold one of the decider's own events, read back from the log; False for a repeat.

        A decision counts once all its events have been read; one half written is decided again.
        """
        offset, step, steps = cause
        if offset <= self.mark:
            return False
        if offset != self._open_offset:
            if steps == 1:  # nearly all are whole at once
                self._open_offset = -1
                state = self._evolve(self.states.pop(key, self._initial), event)
                self._settle(key, offset, state)
                return True
            self._open, self._open_offset = [], offset
        if step != len(self._open):
            return False
        self._open.append(event)
        if len(self._open) == steps:
            events, self._open_offset = self._open, -1
            self.keep(key, offset, events)
        return True

    def decide(self, cause: Envelope[Any], grid: Any) -> tuple[Any, ...] | None:
        """Decide an input and fold the outcome; None if that was done before."""
        if cause.offset <= self.mark:
            return None
        state = self.states.get(cause.key, self.decider.initial)
        events = self.decider.decide(state, cause, grid)
        if events:
            self.keep(cause.key, cause.offset, events)
        return events

    def keep(self, key: str, offset: int, events: Iterable[Any]) -> None:
        """Fold the complete decision on the input at `offset`."""
        state = self.states.pop(key, self._initial)
        for event in events:
            state = self._evolve(state, event)
        self._settle(key, offset, state)

    def _settle(self, key: str, offset: int, state: S) -> None:
        initial, states = self._initial, self.states
        self.mark = offset
        if state is initial or state == initial:
            return
        states[key] = state  # last: the keys stand in the order of their last decision
        if len(states) > self.decider.keys_max:
            del states[next(iter(states))]
