"""The observer says when a verdict changes, once, and forgets nothing by being restarted."""

from typing import Any

from processors.observer.decider import OBSERVER, Judged
from streams.events.lag import LagSampled, LagVerdictChanged, PartitionVerdict, Status, Verdict
from streams.lag.groups import Lags, learn
from streams.plain import form_of
from tests.given import cause
from tests.unit.streams.lag.world import World


def samples_of(world: World) -> list[LagSampled]:
    """Return what was sampled of a group that keeps up, stops for a while and comes back."""
    samples = []

    def second(*pace: int, commits: bool = True) -> None:
        world.second(*pace, commits=commits)
        samples.append(world.sample())

    for _ in range(15):
        second(50, 100)
    for _ in range(14):
        second(50, 0, commits=False)
    for _ in range(15):
        second(50, 500)
    return samples


def decided(samples: list[LagSampled], state: Any = None, lags: Lags | None = None) -> list[Any]:
    """Return what the observer decides of samples, as the runner lets it."""
    state, lags, events = state or Judged(), lags or Lags(), list[Any]()
    for offset, sample in enumerate(samples):
        lags = learn(lags, sample)
        found = OBSERVER.decide(state, cause(sample, key=sample.group, offset=offset), lags)
        state = OBSERVER.fold(found, state)
        events += found
    return events


def test_a_verdict_is_told_when_it_changes_and_only_then() -> None:
    world = World()
    told = decided(samples_of(world))
    stop = PartitionVerdict(topic="orders", partition=0, verdict=Verdict.STOP, lag=500, seconds=9.9)
    assert told == [
        LagVerdictChanged(status=Status.ERR, before=Status.OK, partitions=(stop,)),
        LagVerdictChanged(status=Status.OK, before=Status.ERR, partitions=()),
    ]


def test_a_group_that_was_always_well_is_not_told_of() -> None:
    assert decided(samples_of(World())[:15]) == []


def test_a_sample_older_than_the_last_decides_nothing() -> None:
    world = World()
    samples = samples_of(world)[:29]
    lags = Lags()
    for sample in samples:
        lags = learn(lags, sample)
    assert OBSERVER.decide(Judged(), cause(samples[20]), lags) == ()
    assert OBSERVER.decide(Judged(), cause(samples[-1]), lags) != ()


def test_what_is_remembered_survives_being_written_down() -> None:
    samples = samples_of(World())
    for at in (3, 16, 27, 40):
        lags = Lags()
        for sample in samples[:at]:
            lags = learn(lags, sample)
        state = OBSERVER.fold(decided(samples[:at]))
        facts, states = form_of(Lags), form_of(Judged)
        again = facts.load(facts.dump(lags))
        assert again == lags
        restarted = decided(samples[at:], states.load(states.dump(state)), again)
        assert decided(samples[:at]) + restarted == decided(samples)
