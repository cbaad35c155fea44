"""What the tuner's effects need of the world."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Protocol

from streams.envelope import Envelope
from streams.ids import RunId


class Stream(Protocol):
    """The past of one key; repeats are left out."""

    def before(self, cause: Envelope[Any], kinds: Sequence[type]) -> Iterator[Envelope[Any]]:
        """Yield the events of `kinds` under the cause's key that stand before it, in order.

        Raises BrokerAway.
        """


class Runs(Protocol):
    """Every run that was ever asked for, and every fork that was kept."""

    def events(
        self, run_ids: Sequence[RunId], kinds: Sequence[type]
    ) -> Mapping[RunId, Sequence[Envelope[Any]]]:
        """Return the events of `kinds` of each run, in order; an unknown run has none.

        Reads the log once for all of them. Raises BrokerAway.
        """

    def forks(self, names: Sequence[RunId]) -> Set[RunId]:
        """Return those that are forks. Raises BrokerAway."""
