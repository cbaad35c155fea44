"""What only a leader knows is asked for again while there is none, and nothing else is."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.errors import BrokerAway, Misconfigured
from streams.io.kafka.leaders import PAUSES_S, led


class Asked:
    """Fails as it is told, then answers."""

    def __init__(self, *failures: int) -> None:
        self.failures = list(failures)
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        if self.failures:
            raise KafkaException(KafkaError(self.failures.pop(0)))
        return 7


def test_a_leader_that_was_just_elected_is_found() -> None:
    ask = Asked(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert (led("ask", ask), ask.times) == (7, 3)


def test_one_that_does_not_come_is_an_outage() -> None:
    ask = Asked(*[KafkaError.NOT_LEADER_FOR_PARTITION] * 9)
    with pytest.raises(BrokerAway, match="could not ask"):
        led("ask", ask)
    assert ask.times == len(PAUSES_S) + 1


def test_anything_else_is_said_at_once() -> None:
    ask = Asked(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(Misconfigured):
        led("ask", ask)
    assert ask.times == 1
