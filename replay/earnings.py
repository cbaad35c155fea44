"""What the runs that somebody judged earned, and what they would have earned under the change.

What people said of a run settles most of it: who should have answered earns 1, all others 0. Only
where another answers now and nobody said who should is the reward unknown. Weighing runs by chance
speaks of those too, but only where the logged router left something to chance.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from replay.bounds import Bounds, bounds
from replay.figures import Row
from replay.offpolicy import Estimates, Logged, estimate


class Earnings(NamedTuple):
    """Rewards over the judged runs: `logged` as told, `changed` as far as it is known.

    `weighted` is over those runs alone that might have gone where the change sends them.
    """

    logged: Bounds
    changed: Bounds
    weighted: Estimates | None

    @property
    def unknown(self) -> int:
        """How many judged runs there are of which nobody knows what they would have earned."""
        return self.changed.runs - self.changed.known


def earnings(rows: Iterable[Row]) -> Earnings | None:
    """Return what judged runs earned; None if nobody judged any that the record could route."""
    judged = [row for row in rows if row.routed and row.told.reward is not None]
    if not judged:
        return None
    return Earnings(
        logged=bounds([row.told.reward for row in judged]),
        changed=bounds([_under_the_change(row) for row in judged]),
        weighted=_weighted([row for row in judged if _might_go_there(row)]),
    )


def sentence(earned: Earnings | None) -> str:
    """Return in words what is known of the reward, and nothing else."""
    if earned is None:
        return "reward not known: nobody said of any of these runs whether it was right"
    logged, changed = earned.logged, earned.changed
    begun, runs = f"reward {logged.best:.3f} as logged", _counted(changed.runs)
    if not earned.unknown:
        return f"{begun}, {changed.best:.3f} under the change, by what people said of {runs}"
    unsaid = f"nobody said who should have answered {earned.unknown} of {runs}"
    if not changed.known:
        return f"{begun}, not known under the change: {unsaid}"
    return f"{begun}, {changed.worst:.3f} to {changed.best:.3f} under the change: {unsaid}"


def _counted(runs: int) -> str:
    return f"{runs} judged run" if runs == 1 else f"{runs} judged runs"


def _under_the_change(row: Row) -> float | None:
    if not row.rerouted:
        return row.told.reward
    return None if row.told.label is None else float(row.after == row.told.label)


def _might_go_there(row: Row) -> bool:
    """Whether the logged router might have sent a run where the change sends it."""
    return 0 < row.propensity < 1 or (row.propensity == 1 and not row.rerouted)


def _weighted(rows: Sequence[Row]) -> Estimates | None:
    """Estimate from runs that were left to chance; None if none was.

    A run's reward is modelled as the mean of all that were answered by the same.
    """
    if all(row.propensity == 1 for row in rows):
        return None
    told = [(row, row.told.reward or 0.0) for row in rows]
    by: dict[str, list[float]] = {}
    for row, reward in told:
        by.setdefault(row.before, []).append(reward)
    means = {name: sum(rewards) / len(rewards) for name, rewards in by.items()}
    whole = sum(reward for _, reward in told) / len(told)
    return estimate(
        [
            Logged(
                propensity=row.propensity,
                target=float(not row.rerouted),
                reward=reward,
                modelled=means[row.before],
                expected=means.get(row.after, whole),
            )
            for row, reward in told
        ]
    )
