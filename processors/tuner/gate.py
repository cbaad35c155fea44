"""The gate: weights come into force only when they are better on what was said after them."""

from math import comb

#: How likely weights no better than those in force may pass one look. There are many looks.
CHANCE_MAX = 0.01


def chance(better: int, worse: int) -> float:
    """Return how likely equal weights are to look this much better: McNemar's exact test.

    One-sided, over the lessons on which the two disagree in being right.
    """
    disputed = better + worse
    ways = total = comb(disputed, better)
    for k in range(better, disputed):
        ways = ways * (disputed - k) // (k + 1)  # exact: the next binomial coefficient
        total += ways
    return float(total / 2**disputed)


def passes(better: int, worse: int) -> bool:
    """Whether the evidence is enough."""
    return better > worse and chance(better, worse) <= CHANCE_MAX
