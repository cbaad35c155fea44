"""Sends probes and misses those that are not answered."""

from streams.events.probes import ProbeLost, ProbeSent

EVERY_MS, PATIENCE_MS = 5_000, 10_000


class Probing:
    """The probes of one watch; `sent` counts them since the process began."""

    def __init__(self) -> None:
        self.sent = self.lost = 0
        self._next_ms = 0
        self._waiting: set[int] = set()  # a probe's number is when it was sent

    def due(self, now_ms: int) -> list[ProbeSent | ProbeLost]:
        """Return the next probe if it is time, and what has become of older ones."""
        late = sorted(number for number in self._waiting if now_ms - number > PATIENCE_MS)
        said: list[ProbeSent | ProbeLost] = [
            ProbeLost(number=number, waited_ms=now_ms - number) for number in late
        ]
        self._waiting -= set(late)
        self.lost += len(late)
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + EVERY_MS
            self._waiting.add(now_ms)
            self.sent += 1
            said.append(ProbeSent(number=now_ms))
        return said

    def answered(self, number: int) -> None:
        """Hear that a probe came back; one that was given up stays lost."""
        self._waiting.discard(number)
