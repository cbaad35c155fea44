"""The few numbers the answerer has learned, all in one place.

A piece's score is the sum of its features (features.py) times these weights, plus the bias; its
logistic is the probability that the piece answers the question.

How they were fitted. On 210 answerable questions written about thirteen documents (Markdown
documentation, a handbook, rules, prose, chats) and 417 that these do not answer: 186 written to be
near, the answerable ones again without the passages that hold the answer, and questions about a
chat with the speakers' names exchanged. A logistic regression (L2, C = 1, standardised features,
pieces weighted by one over the root of their number) over all pieces of the eight passages nearest
to each question; then one scale and one offset (Platt) on the best piece of each question, by
five-fold cross-validation over documents, right pieces and unanswerable questions taken as equally
likely. `QUOTED_MIN` is the smallest multiple of 0.05 at which nine of ten unanswerable questions
were refused. No public data set was used.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "meaning": 6.479,
        "words": 5.282,
        "kind_met": 1.298,
        "kind_asked": -0.607,
        "terms": 0.32,
        "names_missing": -0.588,
        "of_another": -3.128,
    }
)
BIAS = -6.689

# A quote is given from this probability on.
QUOTED_MIN = 0.6


def probability(score: float) -> float:
    """The probability that a piece with this score answers the question."""
    return 1 / (1 + math.exp(-score))
