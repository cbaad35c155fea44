"""Looks at the cluster from a process of its own.

librdkafka's admin client fails an assertion of its own (`eonce->refcnt > 0`) when brokers vanish
while they are asked: that must not end the worker. A process that ended so is replaced.
"""

import ctypes
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from streams.errors import BrokerAway, Misconfigured, Transient
from streams.io.kafka.log import Options
from streams.io.kafka.sampler import Look, Sampler

_PR_SET_PDEATHSIG = 1
#: What a look came to: itself, or why there is none and what to do about it.
Told = Look | tuple[str, str | None]

_sampler: Sampler


class Apart:
    """A sampler whose process may die; one thread at a time may use it."""

    def __init__(self, bootstrap: str, options: Options, ignored: str) -> None:
        self._given = (bootstrap, dict(options), ignored)
        self._pool: ProcessPoolExecutor | None = None

    def look(self) -> Look:
        """Sample everything now. Raises BrokerAway, and Misconfigured where rights are missing."""
        if self._pool is None:
            spawned = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, spawned, _begin, self._given)
        try:
            told = self._pool.submit(_look).result()
        except BrokenProcessPool:
            self.close()
            raise BrokerAway("the brokers vanished while they were asked") from None
        if isinstance(told, Look):
            return told
        why, fix = told
        raise BrokerAway(why) if fix is None else Misconfigured(why, fix=fix)

    def close(self) -> None:
        """Let the process go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _begin(bootstrap: str, options: Options, ignored: str) -> None:
    """Begin in the new process, which ends with the worker, however that one ends."""
    global _sampler
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker says when it is over
    _sampler = Sampler(bootstrap, options, ignored=ignored)


def _look() -> Told:
    try:
        return _sampler.look()
    except Misconfigured as error:
        return str(error), error.fix
    except Transient as error:
        return str(error), None
