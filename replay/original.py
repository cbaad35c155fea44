"""The run that is told again, asked as it is told: what stood there, when, and what came by itself.

An event told anew stands in the place of a recorded one if the same was made of the same by the
same. Times never run backwards here, whatever brokers' clocks did: the order is that of the log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from statistics import median_low
from typing import Any

from replay.mind import Mind
from replay.past import Past
from replay.recorded import Outside
from streams.envelope import Envelope, author_of
from streams.ids import EventId, ProcessorName, of_decision


class Original:
    """A past, by the places of its events: positions in its stream."""

    def __init__(self, past: Past, effects: Iterable[Outside]) -> None:
        effects = tuple(effects)
        self._past = past
        self._places = {envelope.event_id: n for n, envelope in enumerate(past.stream)}
        self._times = list(accumulate((e.recorded_at_ms for e in past.stream), max))
        self._paces = paces(past.stream)
        self._tellers = {point.decider.name for point in past.standpoints}
        self._tellers |= {effect.name for effect in effects}
        self._answers = tuple(kind for effect in effects for kind in effect.writes)
        self._answered: dict[tuple[ProcessorName, EventId], EventId] = {}
        for envelope in past.stream:
            for effect in effects:
                if envelope.cause_id is not None and isinstance(envelope.event, effect.writes):
                    self._answered.setdefault((effect.name, envelope.cause_id), envelope.event_id)

    @property
    def end_ms(self) -> int:
        """When the record ends."""
        return self._times[-1]

    def when(self, place: int) -> int:
        """Return when what stands at a place came."""
        return self._times[place]

    def decided(self, cause: int, author: ProcessorName, step: int) -> int | None:
        """Return the place of what a decider made of what stands at another."""
        event_id = of_decision(self._past.stream[cause].event_id, author, step)
        return self._places.get(self._past.instead.get(event_id, event_id))

    def answer(self, request: int, effect: ProcessorName) -> EventId | None:
        """Return what an effect, or a node, answered first; None if that is not in the record."""
        return self._answered.get((effect, self._past.stream[request].event_id))

    def place(self, event_id: EventId | None) -> int | None:
        """Return where an event stands, if it does."""
        return None if event_id is None else self._places.get(event_id)

    def took(self, cause: int, made: int) -> int:
        """Return in how many milliseconds one came of the other."""
        return max(0, self._times[made] - self._times[cause])

    def pace(self, author: ProcessorName) -> int:
        """Return how many milliseconds a processor usually takes; 0 if it is not known here."""
        return self._paces.get(author, 0)

    def awaits(self, cause: int, author: ProcessorName, step: int) -> bool:
        """Whether a decision was still to come when the record ended."""
        event_id = of_decision(self._past.stream[cause].event_id, author, step)
        return cause > self._considered.get(author, -1) and event_id in self._due

    @cached_property
    def _considered(self) -> Mapping[ProcessorName, int]:
        """The last places that led to recorded decisions: all before them were considered."""
        found = dict[ProcessorName, int]()
        for envelope in self._past.stream:
            author, cause = author_of(envelope.head), self.place(envelope.cause_id)
            if author is not None and cause is not None:
                found[author] = max(cause, found.get(author, -1))
        return found

    @cached_property
    def _due(self) -> frozenset[EventId]:
        """What deciders make of the record, whether it holds it or ends before."""
        known = {envelope.event_id: envelope.event for envelope in self._past.stream}
        told = [(new, known[now]) for new, now in self._past.instead.items() if now in known]
        known |= dict(told)
        due = set[EventId]()
        for point in self._past.standpoints:
            mind = Mind(point, self._past.key)
            for cause in self._past.stream:
                made = [
                    (of_decision(cause.event_id, mind.name, step), event)
                    for step, event in enumerate(mind.decide(cause))
                ]
                mind.keep(cause.key, [known.get(event_id, event) for event_id, event in made])
                due.update(event_id for event_id, _ in made)
        return frozenset(due)

    def by_itself(self, after: int) -> Iterator[int]:
        """Yield the later places of what nobody in a fork tells: it comes as it came."""
        for place in range(after + 1, len(self._past.stream)):
            if not self._is_told(self._past.stream[place]):
                yield place

    def _is_told(self, envelope: Envelope[Any]) -> bool:
        """Whether an event comes of another one, or answers it: a fork sees to it anew."""
        answers = isinstance(envelope.event, self._answers)
        if envelope.cause_id in self._places:
            return answers or author_of(envelope.head) in self._tellers
        return answers and envelope.run_id == self._past.run_id


def paces(stream: Sequence[Envelope[Any]]) -> Mapping[ProcessorName, int]:
    """Return how many milliseconds each processor took from a cause to what it made of it."""
    told = {envelope.event_id: envelope.recorded_at_ms for envelope in stream}
    took: dict[ProcessorName, list[int]] = {}
    for envelope in stream:
        author, cause = author_of(envelope.head), envelope.cause_id
        if author is not None and cause in told:
            took.setdefault(author, []).append(max(0, envelope.recorded_at_ms - told[cause]))
    return {author: median_low(times) for author, times in took.items()}
