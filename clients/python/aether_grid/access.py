"""Whoever is refused hears of it at once: librdkafka by itself would go on trying, on the side."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message

from aether_grid.errors import Denied, GridError, Unreachable

Options = Mapping[str, str | int | float | bool | Callable[..., Any]]

REFUSALS = {
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
#: How librdkafka says that nobody whom we trust vouches for a broker.
UNVOUCHED = "certificate verify failed"
#: What passes by trying on: who took too long to ask again is out of its group, and joins it anew.
PASSING = (KafkaError._ALL_BROKERS_DOWN, KafkaError._MAX_POLL_EXCEEDED)
#: How librdkafka begins to say that it got no token.
NO_TOKEN = "Failed to acquire"  # noqa: S105
POLL_S = 0.1
#: How long a first attempt may take; each further one takes twice as long.
TURN_S = 0.5
#: librdkafka asks for another token this long after it got none, and connects again sooner.
HOLDS_S = 11.0


class Denial:
    """What a connection hears of its credentials; handed to librdkafka as its `error_cb`.

    Once let in, a token that could not be renewed is not the end: there is time to try again.
    """

    def __init__(self, options: Options) -> None:
        self.said = ""
        self.news = False
        self._at_s = -HOLDS_S
        self._let_in = False
        self._theirs: Any = options.get("error_cb")

    def __call__(self, error: KafkaError) -> None:
        """Hear of an error. librdkafka's words hold neither passwords nor tokens."""
        refused = error.code() in REFUSALS or UNVOUCHED in error.str()
        if refused and not (self._let_in and error.str().startswith(NO_TOKEN)):
            self.said, self._at_s, self.news = error.str(), time.monotonic(), True
        if self._theirs is not None:
            self._theirs(error)

    @property
    def holds(self) -> bool:
        """Whether there was a refusal, and nothing else since."""
        return time.monotonic() - self._at_s < HOLDS_S

    def let_in(self) -> None:
        """Know that something was answered."""
        self._let_in, self._at_s = True, -HOLDS_S

    def check(self) -> None:
        """Raise Denied if there was a refusal."""
        if self.holds:
            raise Denied(self.said)


class Reader:
    """A consumer that is closed at the end of its block; it raises Denied and Unreachable."""

    def __init__(self, options: Options) -> None:
        self._denial = Denial(options)
        given: dict[str, Any] = {**options, "error_cb": self._denial}
        self.consumer = Consumer(given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.close()

    def poll(self) -> Message | None:
        """Return what comes within a moment, None if that is nothing, or nothing to speak of."""
        message = self.consumer.poll(POLL_S)
        self._denial.check()
        if message is None:
            return None
        error = message.error()
        if error is None:
            self._denial.let_in()
            return message
        if error.retriable() or error.code() in PASSING:
            return None
        raise refused_or(Unreachable, error, f"could not read {message.topic()}: {error.str()}")

    def ask(self, question: Callable[[float], Any], what: str, timeout_s: float) -> Any:
        """Ask again and again, ever longer, listening meanwhile for a refusal."""
        turn_s, deadline = TURN_S, time.monotonic() + timeout_s
        while True:
            try:
                return question(turn_s)
            except KafkaException as error:
                said: KafkaError = error.args[0]
                self.consumer.poll(0)
                self._denial.check()
                if said.code() not in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT) or (
                    time.monotonic() > deadline
                ):
                    about = f"could not look at {what}: {said.str()}"
                    raise refused_or(Unreachable, said, about) from error
                turn_s *= 2


def refused_or(kind: type[GridError], error: KafkaError, what: str) -> GridError:
    """Return Denied if that is what an error says, else an error of another kind."""
    return (Denied if error.code() in REFUSALS else kind)(what)
