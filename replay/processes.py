"""Where the partitions of a log are worked on: side by side, or here if it is small."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

CORES = os.cpu_count() or 1


class Here(Executor):
    """Does its work in this process, when it is given."""

    def submit(self, work: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> Future[T]:
        """Do it, and return what came of it."""
        done = Future[T]()
        try:
            done.set_result(work(*given, **named))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result is told
            done.set_exception(error)
        return done


def processes(places: int, records: int, *, worth: int, cores: int = CORES) -> Executor:
    """Return a process for each place, as cores allow; to start them must be worth the records."""
    if records < worth or cores < 2:
        return Here()
    spawned = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(min(places, cores), mp_context=spawned)
