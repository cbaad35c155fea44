"""What another policy would have earned, estimated from what the logged one did.

Inverse propensity scoring (Horvitz and Thompson 1952), its self-normalised form (Swaminathan and
Joachims 2015), and the doubly robust estimator (Dudík, Langford and Li 2011). All need a logged
policy that might have done what the other does. Intervals are normal ones over the runs, at 95 %,
but never narrower than as many runs of the other policy itself would give (`effective`), and not
beyond what a reward can be.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from replay.bounds import certain

Z_95 = 1.959964


class Logged(NamedTuple):
    """One run with feedback.

    `propensity` is the probability with which the logged policy took its action, `target` that
    with which the other policy would take the same one; `reward` is what was told of it. `modelled`
    is the reward a model expects of the logged action, `expected` of what the other policy does.
    Rewards are from 0 to 1.
    """

    propensity: float
    target: float
    reward: float
    modelled: float = 0.0
    expected: float = 0.0


class Estimate(NamedTuple):
    """A mean reward per run with its interval at 95 %."""

    value: float
    low: float
    high: float


class Estimates(NamedTuple):
    """All of them over the same runs.

    `effective` is Kish's sample size: as if so many runs had been made by the other policy itself.
    """

    runs: int
    effective: float
    logged: Estimate
    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate


def estimate(runs: Sequence[Logged]) -> Estimates | None:
    """Estimate from runs; None if the other policy would have done nothing of what was done.

    Raises ValueError for a propensity of zero.
    """
    if any(not 0 < run.propensity <= 1 for run in runs):
        raise ValueError("a propensity is a probability above zero: what was done can be done")
    weights = [run.target / run.propensity for run in runs]
    weighted = [w * run.reward for w, run in zip(weights, runs, strict=True)]
    robust = [
        run.expected + w * (run.reward - run.modelled) for w, run in zip(weights, runs, strict=True)
    ]
    total = math.fsum(weights)
    if not total:
        return None
    effective = total * total / math.fsum(w * w for w in weights)
    return Estimates(
        runs=len(runs),
        effective=effective,
        logged=_mean([run.reward for run in runs], len(runs)),
        ips=_mean(weighted, effective),
        snips=_ratio(weights, weighted, effective),
        doubly_robust=_mean(robust, effective),
    )


def _mean(values: Sequence[float], effective: float) -> Estimate:
    mean = math.fsum(values) / len(values)
    return _within(mean, [value - mean for value in values], effective)


def _ratio(weights: Sequence[float], weighted: Sequence[float], effective: float) -> Estimate:
    """Return the ratio of two means, its variance by the delta method."""
    total, count = math.fsum(weights), len(weights)
    ratio, level = math.fsum(weighted) / total, total / count
    errors = [(y - ratio * w) / level for y, w in zip(weighted, weights, strict=True)]
    return _within(ratio, errors, effective)


def _within(value: float, errors: Sequence[float], effective: float) -> Estimate:
    count = len(errors)
    squares = math.fsum(error * error for error in errors)
    half = Z_95 * math.sqrt(squares / max(1, count - 1) / count)
    low, high = certain(min(1.0, max(0.0, value)), effective)
    low, high = max(0.0, min(value - half, low)), min(1.0, max(value + half, high))
    return Estimate(value, min(value, low), max(value, high))
