"""A rebuild of many partitions side by side, a process each; a small log is not worth their start.

States never leave the process that folds them: it writes their snapshots and tells their hashes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from typing import NamedTuple

from replay.processes import CORES, processes
from replay.rebuild import Progress, Rebuilder, Rebuilt
from streams.io.standing import AnyDecider

#: To start a process takes as long as to fold so many records.
WORTH = 100_000


class Task(NamedTuple):
    """What one process needs: a way to the log of its own, and what is folded of it."""

    rebuilder: Rebuilder
    deciders: Sequence[AnyDecider]


#: Opens a task in any process; it is sent there: a function of a module with its arguments.
Opening = Callable[[], Task]

#: What a process of the pool has open.
_OPEN: list[Task] = []


def rebuild_abreast(
    opening: Opening, here: Task, progress: Progress, *, worth: int = WORTH, cores: int = CORES
) -> list[Rebuilt]:
    """Fold every partition of every decider's topic; the states come in the order of `rebuild`.

    A log of fewer records than `worth` is folded here.
    """
    rebuilder, deciders = here
    sizes = {place: _size(rebuilder, *place) for place in rebuilder.places(deciders)}
    if sum(sizes.values()) < worth or cores < 2:
        return list(rebuilder._replace(progress=progress).rebuild(deciders))
    done: dict[tuple[str, int], list[Rebuilt]] = {}
    with processes(len(sizes), sum(sizes.values()), worth=worth, cores=cores) as pool:
        longest_first = sorted(sizes, key=lambda place: -sizes[place])
        work = {pool.submit(_fold, opening, place): place for place in longest_first}
        for folded in as_completed(work):
            place = work[folded]
            done[place] = folded.result()
            progress(sizes[place])
    return [rebuilt for place in sizes for rebuilt in done[place]]


def _size(rebuilder: Rebuilder, topic: str, partition: int) -> int:
    span = rebuilder.log.span(topic, partition)
    return span.end - span.first


def _fold(opening: Opening, place: tuple[str, int]) -> list[Rebuilt]:
    if not _OPEN:
        _OPEN.append(opening())
    rebuilder, deciders = _OPEN[0]
    return list(rebuilder.rebuild_at(deciders, *place))
