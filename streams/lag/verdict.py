"""The verdict on a reader of one partition: Burrow's rules, and `empty`.

Judged only while there is lag. The rules are those of `Burrow`'s evaluator, and of its storage's
window; five things are ours: a group that nobody is in is `empty`, while a group shares its
partitions out anew nobody is blamed for silence, who stands still is not called slow before it is
seen to be stalled, nor stalled while it says that it is working, and nobody is slow for what comes
between two commits.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from streams.events.lag import Verdict
from streams.lag.window import WINDOW, Commit, Window

#: A window spans this much at least: so long take ten samples. One that is not full yet counts as
#: if it went on as it began.
SPAN_MIN_MS = 9_000
#: One commit alone says nothing of how often there will be others.
SPAN_ALONE_MS = 300_000
#: In what comes between two commits: nobody is behind by less than the first, unless each half of a
#: window adds more than the second; and by up to the third, lag only seems to shrink.
BEHIND, GROWTH, NOISE = 2.0, 0.5, 0.25


def judge(window: Window, at_ms: int, *, members: int, settled_ms: int | None) -> Verdict:
    """Return the verdict at a time; `settled_ms` is since when the group's members are the same.

    It is None while they are not: during a rebalance.
    """
    commits = window.commits
    if window.lag == 0:
        return Verdict.OK
    silent_ms = at_ms - commits[-1].at_ms
    if settled_ms is not None:
        if members == 0 and silent_ms > SPAN_MIN_MS:
            return Verdict.EMPTY
        if min(silent_ms, at_ms - settled_ms) > _span(commits) and _ever_behind(window):
            return Verdict.STOP
    if _went_back(commits):
        return Verdict.REWIND
    if any(commit.lag == 0 for commit in commits) or len(commits) < WINDOW:
        return Verdict.OK
    if settled_ms is not None and not window.sample.working and _stands_still(commits):
        return Verdict.STALL
    return Verdict.WARN if _falls_behind(window) else Verdict.OK


def _stands_still(commits: Sequence[Commit]) -> bool:
    return all(commit.offset == commits[0].offset for commit in commits)


def _span(commits: Sequence[Commit]) -> int:
    if len(commits) == 1:
        return SPAN_ALONE_MS
    spanned_ms = commits[-1].at_ms - commits[0].at_ms
    return max(SPAN_MIN_MS, spanned_ms * (WINDOW - 1) // (len(commits) - 1))


def _falls_behind(window: Window) -> bool:
    """Whether it moves, its lag never shrinks, and has long been more than what is on its way.

    Every reader is behind by what comes while it reads: a constant lag of that says nothing; one
    that grew all the while says enough before it is more.
    """
    commits = window.commits
    first, middle, last = commits[0], commits[WINDOW // 2], commits[-1]
    ends = [commit.offset + commit.lag for commit in commits]
    came = max(after - before for before, after in pairwise(ends))
    highest = accumulate((commit.lag for commit in commits), max)
    return (
        last.offset > middle.offset
        and all(high - c.lag <= NOISE * came for high, c in zip(highest, commits, strict=True))
        and (
            middle.lag > BEHIND * came
            or min(middle.lag - first.lag, last.lag - middle.lag) > GROWTH * came
        )
    )


def _ever_behind(window: Window) -> bool:
    """Whether the last commit lies below every end that is remembered."""
    return all(window.sample.committed < seen.end for seen in window.ends)


def _went_back(commits: Sequence[Commit]) -> bool:
    """Whether an offset went back and was not regained."""
    furthest = max(commit.offset for commit in commits)
    return commits[-1].offset < furthest
