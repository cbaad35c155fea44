"""A topic, its reader and a sampler on a simulated clock: what a broker would be asked, second by
second.
"""

from dataclasses import dataclass, field, replace
from itertools import count

from streams.events.lag import LagSampled, PartitionSample, Phase, TopicSample, Verdict
from streams.lag.groups import Group, Lags, learn

START_MS = 1_700_000_000_000
_identities = count()


@dataclass
class World:
    """One partition and one group; records come and are read at will, then time passes.

    `exact` says whether the sampler may read the time of the record at the committed offset.
    """

    name: str = "readers"
    exact: bool = True
    working: bool = False
    now_ms: int = START_MS
    members: int = 1
    phase: Phase = Phase.STABLE
    identity: str = "first"
    read: int = 0
    committed: int | None = 0
    committed_ms: int | None = START_MS
    appended: list[int] = field(default_factory=list)
    lags: Lags = field(default_factory=Lags)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def end(self) -> int:
        return len(self.appended)

    def produce(self, records: int = 1) -> None:
        self.appended += [self.now_ms] * records

    def consume(self, records: int) -> None:
        self.read = min(self.end, self.read + records)

    def commit(self, offset: int | None = None) -> None:
        self.committed = self.read if offset is None else offset
        self.committed_ms = self.now_ms

    def recreate(self) -> None:
        """The topic is deleted and made again; its reader starts at its beginning."""
        self.identity, self.appended = f"again-{next(_identities)}", []
        self.read, self.committed = 0, 0

    def sample(self) -> LagSampled:
        committed = self.committed or 0
        waits = committed < self.end
        partition = PartitionSample(
            partition=0,
            first=0,
            end=self.end,
            committed=committed,
            committed_at_ms=self.committed_ms,
            oldest_at_ms=self.appended[committed] if self.exact and waits else None,
            working=self.working,
        )
        topic = TopicSample(topic="orders", identity=self.identity, partitions=(partition,))
        return LagSampled(
            group=self.name,
            at_ms=self.now_ms,
            phase=self.phase,
            members=self.members,
            topics=(topic,),
        )

    def look(self) -> Verdict:
        """Sample, and return the verdict."""
        self.lags = learn(self.lags, self.sample())
        ((_, verdict),) = self.group.verdicts()
        self.verdicts.append(verdict)
        return verdict

    @property
    def group(self) -> Group:
        group = self.lags.groups.get(self.name)
        assert group is not None
        return group

    @property
    def true_seconds(self) -> float:
        """How long the first record that is not committed has waited, as nobody can see it."""
        committed = self.committed or 0
        return (self.now_ms - self.appended[committed]) / 1000 if committed < self.end else 0.0

    def second(self, produced: int = 0, consumed: int = 0, *, commits: bool = True) -> Verdict:
        """Let a second pass in ten parts, and look at its end."""
        for tenth in range(10):
            self.now_ms += 100
            self.produce(_part(produced, tenth))
            self.consume(_part(consumed, tenth))
            if commits and tenth in (4, 9):
                self.commit()
        return self.look()

    def seconds(
        self, number: int, produced: int = 0, consumed: int = 0, *, commits: bool = True
    ) -> list[Verdict]:
        """Let several pass."""
        return [self.second(produced, consumed, commits=commits) for _ in range(number)]


def _part(amount: int, tenth: int) -> int:
    return amount * (tenth + 1) // 10 - amount * tenth // 10


def sampled(world: World, **changes: object) -> LagSampled:
    """Return the sample of now with something else about it."""
    return replace(world.sample(), **changes)  # type: ignore[arg-type]
