"""A refusal is heard while a client is asked again, and ends the asking; an outage goes on."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.io.kafka.denial import TURN_S, Denial

REFUSED = KafkaError(KafkaError._AUTHENTICATION, "the password is wrong")
UNVOUCHED = KafkaError(
    KafkaError._SSL,
    "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: …",
)
#: A broker that goes down says nothing of itself.
CUT = KafkaError(KafkaError._SSL, "SSL handshake failed: Disconnected")
AWAY = KafkaError(KafkaError._TRANSPORT)


class Client:
    """Says something on the side whenever it is polled."""

    def __init__(self, denial: Denial, *says: KafkaError) -> None:
        self._denial = denial
        self._says = list(says)
        self.waited: list[float] = []

    def poll(self, timeout: float, /) -> None:
        for error in self._says[:1]:
            self._denial(error)
        del self._says[:1]

    def away(self, wait_s: float) -> str:
        """Answer never."""
        self.waited.append(wait_s)
        raise KafkaException(AWAY)

    def away_twice(self, wait_s: float) -> str:
        """Answer the third time."""
        self.waited.append(wait_s)
        if len(self.waited) <= 2:
            raise KafkaException(AWAY)
        return "answer"


@pytest.mark.parametrize("said", [REFUSED, UNVOUCHED])
def test_a_refusal_is_raised_instead_of_the_time_out_it_would_become(said: KafkaError) -> None:
    denial = Denial()
    client = Client(denial, AWAY, said)
    with pytest.raises(KafkaException) as raised:
        denial.asked(client, client.away, 3_600.0)
    assert raised.value.args[0] == said
    assert client.waited == [TURN_S, 2 * TURN_S]


def test_who_is_away_for_a_while_is_asked_again_for_longer() -> None:
    denial = Denial()
    client = Client(denial, AWAY, CUT)
    assert denial.asked(client, client.away_twice, 3_600.0) == "answer"
    assert client.waited == [TURN_S, 2 * TURN_S, 4 * TURN_S]


def test_who_stays_away_is_told_of_once_time_is_over() -> None:
    denial = Denial()
    client = Client(denial)
    with pytest.raises(KafkaException) as raised:
        denial.asked(client, client.away, 0.0)
    assert (raised.value.args[0].code(), client.waited) == (KafkaError._TRANSPORT, [0.0])


def test_what_was_refused_before_does_not_count() -> None:
    denial = Denial()
    denial(REFUSED)
    client = Client(denial, AWAY, AWAY)
    assert denial.asked(client, client.away_twice, 3_600.0) == "answer"
