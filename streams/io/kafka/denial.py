"""Whether the broker lets us in: librdkafka says so on the side, and goes on trying for ever."""

import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from confluent_kafka import KafkaError, KafkaException

T = TypeVar("T")

#: How long the first attempt may take before anybody listens; each further one takes twice as long.
TURN_S = 0.5
_REFUSALS = {
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
}
#: How librdkafka says that nobody whom we trust vouches for a broker.
_UNVOUCHED = "certificate verify failed"
_AWAY = {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}


class Polled(Protocol):
    """A client of librdkafka; what it has to say on the side it says while it is polled."""

    def poll(self, timeout: float, /) -> Any:
        """Hear what there is."""


class Denial:
    """Hears that credentials, or a broker's own, are refused; librdkafka's `error_cb`."""

    def __init__(self) -> None:
        self._said: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Hear of an error. librdkafka's words hold neither passwords nor tokens."""
        if error.code() in _REFUSALS or _UNVOUCHED in error.str():
            self._said = error

    def asked(self, client: Polled, question: Callable[[float], T], timeout_s: float) -> T:
        """Return a client's answer; `question` gets the seconds it may take, and is asked again.

        Raises KafkaException, that of a refusal as soon as there is one.
        """
        turn_s, deadline = TURN_S, time.monotonic() + timeout_s
        while True:
            left_s = deadline - time.monotonic()
            self._said = None
            try:
                return question(max(0.0, min(turn_s, left_s)))
            except KafkaException as exc:
                client.poll(0)
                if self._said is not None:
                    raise KafkaException(self._said) from exc
                if exc.args[0].code() not in _AWAY or left_s <= turn_s:
                    raise
            turn_s *= 2
