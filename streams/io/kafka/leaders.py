"""Asks what only a partition's leader knows: one that was just elected, or moved, is soon found."""

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

from streams.io.kafka.errors import translate

T = TypeVar("T")

LEADERLESS = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})
PAUSES_S = (0.05, 0.1, 0.2, 0.4)


def led(attempt: str, ask: Callable[[], T]) -> T:
    """Return what `ask` returns, asked again for a while where there is no leader.

    Raises what stands for its KafkaException in our tree, said of `attempt`.
    """
    pauses = iter(PAUSES_S)
    while True:
        try:
            return ask()
        except KafkaException as exc:
            pause_s = next(pauses, None)
            if pause_s is None or exc.args[0].code() not in LEADERLESS:
                raise translate(exc, attempt) from exc
        time.sleep(pause_s)
