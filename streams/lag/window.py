"""What is remembered of a reader of one partition: its last commits, and the partition's ends.

A window is a fold of samples alone, so that a replay, a restart and every door find the same.
"""

from dataclasses import dataclass

from streams.events.lag import PartitionSample, TopicSample
from streams.lag.ring import Ring, end_at, seen

#: So many commits and ends are judged (Burrow's `intervals`).
WINDOW = 10


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and how much was not yet read when it was made."""

    at_ms: int
    offset: int
    lag: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A partition's end at the time of a sample."""

    at_ms: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """One partition as a group reads it; commits and ends are oldest first."""

    topic: str
    identity: str
    sample: PartitionSample
    commits: tuple[Commit, ...]
    ends: tuple[Seen, ...]
    ring: Ring

    @property
    def lag(self) -> int:
        """How many records are not read."""
        return max(0, self.sample.end - self.sample.committed)

    @property
    def complete(self) -> float:
        """Which share of the commits that a verdict wants is there."""
        return len(self.commits) / WINDOW


def begun(topic: TopicSample, sample: PartitionSample, at_ms: int) -> Window:
    """Return the window after the first sample of a partition."""
    made = Commit(sample.committed_at_ms or at_ms, sample.committed, _lag(sample.end, sample))
    ring, ends = seen((), sample.end, at_ms), (Seen(at_ms, sample.end),)
    return Window(topic.topic, topic.identity, sample, (made,), ends, ring)


def learned(known: Window, topic: TopicSample, sample: PartitionSample, at_ms: int) -> Window:
    """Return the window after another sample; a topic that was created anew has no past.

    A commit seen before that lies beyond the end of now is of the topic's namesake: its group has
    not been told yet.
    """
    commits = tuple([commit for commit in known.commits if commit.offset <= sample.end])
    if known.identity != topic.identity or sample.end < known.sample.end or not commits:
        return begun(topic, sample, at_ms)
    ring = seen(known.ring, sample.end, at_ms)
    if (at := _committed_ms(commits[-1], sample, at_ms)) is not None:
        end = end_at(ring, at)
        made = Commit(at, sample.committed, _lag(sample.end if end is None else end, sample))
        commits = (*commits, made)[-WINDOW:]
    ends = (*known.ends, Seen(at_ms, sample.end))[-WINDOW:]
    return Window(topic.topic, topic.identity, sample, commits, ends, ring)


def _committed_ms(last: Commit, sample: PartitionSample, at_ms: int) -> int | None:
    """Return when something was committed since the last sample, or None."""
    heard = sample.committed_at_ms
    if heard is not None and heard > last.at_ms:
        return heard
    return at_ms if sample.committed != last.offset else None


def _lag(end: int, sample: PartitionSample) -> int:
    return max(0, end - sample.committed)
