"""A reader of one topic for `test_lag`: it reads and commits at a pace, and does what it is told.

Told on its standard input, a line each: `rate N`, `stick` (commit the same offset again and again),
`back N` (go back to an offset), `hang S` (poll nothing for so long), `leave`.
"""

import queue
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

COMMIT_S = 0.5


class Reader:
    """One member of a group, on a topic of one partition."""

    def __init__(self, bootstrap: str, topic: str, group: str, session_s: float) -> None:
        self.topic = topic
        self.rate, self.sticks, self.next_at = 1_000.0, False, 0.0
        self.position: int | None = None
        self.left = False
        self.committed, self.committed_at = -1, 0.0
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "session.timeout.ms": int(session_s * 1000),
                "heartbeat.interval.ms": 500,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 500,
                "queued.min.messages": 1,
                "log_level": 0,
            }
        )
        self.consumer.subscribe([topic])

    def obey(self, command: str, argument: str) -> None:
        """Do what was told."""
        match command:
            case "rate":
                self.rate = float(argument)
            case "stick":
                self.sticks = True
                self.consumer.pause(self.consumer.assignment())
            case "back":
                self.position = int(argument)
                self.consumer.seek(TopicPartition(self.topic, 0, self.position))
            case "hang":
                time.sleep(float(argument))
            case "leave":
                self.commit(always=False)
                self.consumer.close()
                self.left = True

    def turn(self) -> None:
        """Read at most one record, and commit if it is time."""
        message = self.consumer.poll(0.02)
        if message is not None and message.error() is None:
            offset = message.offset()
            assert offset is not None
            self.position = offset + 1
            self.next_at = max(self.next_at, time.monotonic() - 0.1) + 1 / self.rate
            time.sleep(max(0.0, self.next_at - time.monotonic()))
        if time.monotonic() - self.committed_at >= COMMIT_S:
            self.commit(always=self.sticks)

    def commit(self, *, always: bool) -> None:
        """Commit where we are, if we moved or always do."""
        if self.position is None or (self.position == self.committed and not always):
            return
        self.committed, self.committed_at = self.position, time.monotonic()
        try:
            self.consumer.commit(
                offsets=[TopicPartition(self.topic, 0, self.position)], asynchronous=False
            )
        except KafkaException:
            self.committed = -1  # its partition is on its way to another; it tries again


def read(reader: Reader, told: "queue.SimpleQueue[str]") -> None:
    """Read until told to leave."""
    while not reader.left:
        while not told.empty():
            command, _, argument = told.get().strip().partition(" ")
            reader.obey(command, argument)
        if not reader.left:
            reader.turn()


def main(bootstrap: str, topic: str, group: str, session_s: str) -> None:
    """Read until told to leave, or killed."""
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            told.put(line)

    threading.Thread(target=listen, daemon=True).start()
    read(Reader(bootstrap, topic, group, float(session_s)), told)


if __name__ == "__main__":
    main(*sys.argv[1:])
