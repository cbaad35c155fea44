"""A connection to the grid: events go in durably, and what becomes of them is read in order."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from aether_grid import nodes
from aether_grid.access import POLL_S, Denial, Options, Reader, refused_or
from aether_grid.errors import (
    BadEvent,
    Denied,
    GridError,
    TimedOut,
    Unknown,
    Unreachable,
)
from aether_grid.ids import minted, of_inbox
from aether_grid.run import Run
from aether_grid.seen import Seen
from aether_grid.wire import Event, Place, Registry, Source, encode, headers, opened, topic_of

logger = logging.getLogger("aether_grid")

PRODUCER: Options = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "linger.ms": 1,
    "delivery.timeout.ms": 15_000,
    "message.max.bytes": 2_097_152,
    "queue.buffering.max.messages": 10_000,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1_000,
}
READER: Options = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "check.crcs": True,
    "fetch.wait.max.ms": 50,
    "allow.auto.create.topics": False,
    "reconnect.backoff.max.ms": 1_000,
}
MAYBE_THERE = (KafkaError._MSG_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError._PURGE_INFLIGHT)
NEVER_SENT = (KafkaError._PURGE_QUEUE, KafkaError._FATAL)

Delivered = Callable[[Place | GridError], None]


class Grid:
    """A connection; a context manager that closes it. Safe to use from any thread.

    `kafka` are librdkafka's options, such as `sasl.mechanism`; `registry` is the address of a
    Confluent API, and may hold a user and password. `node` is who you are in `ce_source`.
    With `inbox`, everything goes to the inbox of that name: all that a node outside may write to.
    """

    def __init__(
        self,
        bootstrap: str,
        registry: str | Source,
        *,
        node: str = "local",
        kafka: Options | None = None,
        timeout_s: float = 30.0,
        inbox: bool = False,
    ) -> None:
        self._connect: dict[str, Any] = {"bootstrap.servers": bootstrap, **(kafka or {})}
        self.schemas: Source = Registry(registry) if isinstance(registry, str) else registry
        self.source = f"/aether/{node}/client"
        self.timeout_s = timeout_s
        self._inbox = node if inbox else None
        self._denial = Denial(self._connect)
        self._producer = Producer({**PRODUCER, **self._connect, "error_cb": self._denial})
        self._halt = threading.Event()
        self._serving = threading.Thread(target=self._serve_deliveries, daemon=True)
        self._serving.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what is on its way, then let go of every connection."""
        if not self._halt.is_set():
            self._producer.flush(self.timeout_s)
            self._halt.set()
            self._serving.join()

    # -- producing

    def send(
        self,
        name: str,
        key: str,
        value: Mapping[str, Any],
        delivered: Delivered,
        *,
        topic: str | None = None,
        event_id: str | None = None,
        run_id: str | None = None,
        cause_id: str | None = None,
        trace: Mapping[str, str] | None = None,
    ) -> str:
        """Send an event off and return its id; `delivered` hears, in another thread, what became.

        Waits while too many are on their way. Raises BadEvent, and Unreachable for the registry.
        """
        home, made = topic or topic_of(name), event_id or minted()
        frame = encode(self.schemas.latest(home, name), value)
        place, known = self._way(home, made)
        head = headers(
            name=name, event_id=made, source=self.source, at_ms=int(time.time() * 1000),
            run_id=run_id, cause_id=cause_id, trace=trace,
        )  # fmt: skip

        def report(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self._denial.let_in()
                where = Place(place, message.partition() or 0, message.offset() or 0, known)
                _tell(delivered, where, known)
            else:
                _tell(delivered, self._lost(error, f"{name} {made}"), known)

        try:
            self._hand_over(place, frame, key.encode(), head, report)
        except KafkaException as error:
            raise self._lost(error.args[0], f"{name} {made}") from error
        self._denial.news |= self._denial.holds
        return known

    def produce(self, name: str, key: str, value: Mapping[str, Any], **given: Any) -> Place:
        """Append an event and return where it stands; takes what `send` takes.

        Raises BadEvent, Denied and Unreachable if nothing was written, Unknown if it may be.
        """
        landed: list[Place | GridError] = []
        done = threading.Event()

        def delivered(what: Place | GridError) -> None:
            landed.append(what)
            done.set()

        self.send(name, key, value, delivered, **given)
        if not done.wait(self.timeout_s):
            raise Unknown(f"{name} was not acknowledged within {self.timeout_s:.0f} s")
        if isinstance(landed[0], GridError):
            raise landed[0]
        return landed[0]

    def _serve_deliveries(self) -> None:
        while not self._halt.is_set():
            try:
                self._producer.poll(POLL_S)
            except KafkaException as error:  # it is of no use any more, and says so by itself
                self._denial(error.args[0])
            if self._denial.news:  # what waits would wait until its time is over
                self._denial.news = False
                self._producer.purge(in_queue=True, in_flight=False)

    def _way(self, home: str, event_id: str) -> tuple[str, str]:
        """Return where an event of a topic is written, and the id it has in the end."""
        if self._inbox is None:
            return home, event_id
        return f"aether.inbox.{self._inbox}", of_inbox(event_id, self._inbox)

    def _hand_over(self, topic: str, value: bytes, key: bytes, head: Any, report: Any) -> None:
        """Give a record to librdkafka, once it has room for one more."""
        while True:
            try:
                self._producer.produce(topic, value, key, on_delivery=report, headers=head)
                return
            except BufferError:
                time.sleep(POLL_S / 10)

    def _lost(self, error: KafkaError, what: str) -> GridError:
        """Say of an event that was not delivered whether it may be there all the same."""
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            return BadEvent(f"{what} is too large: {error.str()}")
        if error.code() in MAYBE_THERE:
            return Unknown(f"{what} was not acknowledged in time: {error.str()}")
        if error.code() in NEVER_SENT and self._denial.said:
            return Denied(f"{what} was not written: {self._denial.said}")
        return refused_or(Unreachable, error, f"{what} was not written: {error.str()}")

    # -- reading

    def ends(self, topic: str) -> list[tuple[int, int]]:
        """Return what each partition of a topic holds: its first offset, and its end."""
        with self.consumer({}) as asking:

            def listed(wait_s: float) -> list[int]:
                found = asking.consumer.list_topics(topic, wait_s).topics[topic]
                if found.error is not None:
                    raise KafkaException(found.error)
                return sorted(found.partitions)

            def span(partition: int, wait_s: float) -> tuple[int, int]:
                return asking.consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), wait_s
                )

            return [
                asking.ask(partial(span, partition), topic, self.timeout_s)
                for partition in asking.ask(listed, topic, self.timeout_s)
            ]

    def follow(
        self, topic: str, starts: Mapping[int, int], *, timeout_s: float | None = None
    ) -> Iterator[Event]:
        """Yield what stands in some partitions from their offsets on, as it comes, without end.

        Records that are no events are passed over, and so is an event that is there again: the
        first one of an id counts. Raises Denied, Unreachable, and TimedOut after `timeout_s`.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        seen = Seen()
        with self.consumer({}) as reader:
            reader.consumer.assign([TopicPartition(topic, p, at) for p, at in starts.items()])
            while deadline is None or time.monotonic() < deadline:
                message = reader.poll()
                event = None if message is None else self.read(message)
                if event is not None and seen.first(event.event_id):
                    yield event
        raise TimedOut(f"nothing more of {topic} within {timeout_s} s")

    def consumer(self, options: Options) -> Reader:
        """Return a consumer that reads as the grid does."""
        return Reader({"group.id": "aether.clients", **READER, **self._connect, **options})

    def read(self, message: Message) -> Event | None:
        """Return a message as an event, None if it is none. Raises Unreachable."""
        place = (message.topic() or "", message.partition() or 0, message.offset() or 0)
        given: Any = message.headers() or ()
        try:
            return opened(
                self.schemas, place, message.timestamp()[1], message.key(), message.value(), given
            )
        except BadEvent:
            return None

    # -- what the grid is for

    def ask(self, text: str, *, session: str | None = None, model: str = "aether") -> Run:
        """Ask a question and return its run; `aether` lets the grid choose who answers."""
        run_id = minted()
        scope = f"session:{session}"
        value: dict[str, Any] = {
            "run_id": run_id,
            "model": model,
            "text": text,
            "messages": [{"role": "user", "content": text}],
            "options": {},
            "scopes": ["grid", scope] if session else ["grid"],
            "remember_in": scope if session else None,
            "stream": False,
        }
        name, topic = "aether.sessions.RequestReceived", "aether.sessions.events"
        ends = {} if self._inbox is None else dict(enumerate(end for _, end in self.ends(topic)))
        asked = self.produce(name, session or run_id, value, event_id=run_id, run_id=run_id)
        return Run(self, run_id, topic, ends or {asked.partition: asked.offset})

    def register(
        self, name: str, description: str, examples: Sequence[str] = (), **card: Any
    ) -> int:
        """Offer the capability `name`; return its version once nodes can be asked for it."""
        return nodes.register(self, name, description, examples, card)

    def serve(
        self, name: str, handler: "nodes.Handler", stop: threading.Event | None = None
    ) -> None:
        """Answer what the capability `name` is asked, until `stop` is set."""
        nodes.serve(self, name, handler, stop or threading.Event())


def _tell(delivered: Delivered, what: Place | GridError, event_id: str) -> None:
    try:
        delivered(what)
    except Exception:  # else nobody would hear of any other event, nor could it be closed
        logger.exception("who hears of deliveries failed", extra={"event_id": event_id})
