"""What a runner is handed, and what it says of itself."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from processors.line import Act
from streams.log import Record


class Batch(NamedTuple):
    """Records of one partition in order, as handed over by the group's consumer.

    `position` is the offset after the last of them, `generation` the group's when they were read.
    """

    partition: int
    generation: int
    records: Sequence[Record]
    position: int
    acknowledge: Act


#: Adds to a batch what its transport should have given before it.
Filling = Callable[[Batch], Awaitable[Batch]]


class Tally(NamedTuple):
    """What a runner has done so far, in records."""

    read: int
    repeated: int
    parked: int
    appended: int
    recalled: int
