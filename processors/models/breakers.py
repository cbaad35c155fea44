"""Breakers: a model that does not answer is left alone for a while, and its askers hear so at once.

Whether one is open is decided from the log and told here; here calls are counted, and refused. One
that was never told of is closed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from processors.models.ports import Answer, Emit, Model, Refusal
from streams.errors import Transient
from streams.events.healing import BreakerClosed, BreakerOpened, CallsCounted
from streams.events.sessions import InferenceRequested
from streams.ids import ModelName

PREFIX = "model/"
OPEN = "breaker_open"


@dataclass(slots=True)
class Breaker:
    """One model's: what became of calls since it was told last, and until when none is made."""

    name: str
    opened: BreakerOpened | None = None
    trying: bool = False
    answered: int = 0
    failed: int = 0
    refused: int = 0

    def refusal(self, now_ms: int) -> Refusal | None:
        """Return why there is no call now; from `until_ms` on one at a time is let through."""
        opened = self.opened
        if opened is None or (now_ms >= opened.until_ms and not self.trying):
            return None
        self.refused += 1
        said = "one call tries it just now"
        if now_ms < opened.until_ms:
            said = f"it is tried again in {(opened.until_ms - now_ms) / 1000:.0f} s"
        return Refusal(OPEN, f"{self.name} is left alone: {opened.reason}; {said}")

    def counted(self, at_ms: int) -> CallsCounted | None:
        """Return what became of calls since the last time, and begin anew; None without any."""
        if not (self.answered or self.failed or self.refused):
            return None
        counts = CallsCounted(
            target=PREFIX + self.name,
            at_ms=at_ms,
            answered=self.answered,
            failed=self.failed,
            refused=self.refused,
        )
        self.answered = self.failed = self.refused = 0
        return counts


class Breakers:
    """The breakers of this worker's models, by name; to be used from one event loop."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._breakers: dict[str, Breaker] = {}

    def guard(self, models: Mapping[ModelName, Model]) -> dict[ModelName, Model]:
        """Return models that are not asked while their breaker is open."""
        return {
            name: _Guarded(model, self.of(name), self._now_ms) for name, model in models.items()
        }

    def hear(self, said: BreakerOpened | BreakerClosed) -> None:
        """Hear what was decided."""
        breaker = self.of(said.target.removeprefix(PREFIX))
        breaker.opened = said if isinstance(said, BreakerOpened) else None

    def counted(self) -> list[CallsCounted]:
        """Return what became of calls since the last time."""
        now_ms = self._now_ms()
        told = [breaker.counted(now_ms) for breaker in self._breakers.values()]
        return [counts for counts in told if counts is not None]

    def of(self, name: str) -> Breaker:
        """Return a model's breaker."""
        return self._breakers.setdefault(name, Breaker(name))


class _Guarded:
    """A model behind its breaker."""

    def __init__(self, model: Model, breaker: Breaker, now_ms: Callable[[], int]) -> None:
        self._model = model
        self._breaker = breaker
        self._now_ms = now_ms

    async def answer(self, request: InferenceRequested, emit: Emit) -> Answer | Refusal:
        """Ask the model, unless it is left alone."""
        breaker = self._breaker
        refusal = breaker.refusal(self._now_ms())
        if refusal is not None:
            return refusal
        tries = breaker.opened is not None
        breaker.trying |= tries
        try:
            answer = await self._model.answer(request, emit)
        except Transient:
            breaker.failed += 1
            raise
        finally:
            breaker.trying &= not tries
        breaker.answered += 1
        return answer
