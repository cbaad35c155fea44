"""How the grid learns to route: examples, feedback, weights, and which of them are in force.

The key is what is tuned (`router`), so that its whole history is one ordered stream.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import get_args

from streams.events.vector import Vector
from streams.events.weights import Weights
from streams.ids import CapabilityId, RunId


class Verdict(StrEnum):
    """What a person says of a decision."""

    RIGHT = "right"
    WRONG = "wrong"
    PICKED = "picked"


class Unsure(StrEnum):
    """What the router does when its confidence is below the threshold."""

    NEAREST = "nearest"
    ASK = "ask"
    REFUSE = "refuse"


class Weigh(StrEnum):
    """What decides between capabilities that are as likely as each other."""

    NOTHING = "nothing"
    COST = "cost"
    LATENCY = "latency"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesLearned:
    """A capability's description and examples as vectors, in that order, of one of its versions."""

    capability: CapabilityId
    version: int
    encoder: str
    vectors: tuple[Vector, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesDropped:
    """The capability is out of use: neither its examples nor what was said of it are lessons.

    A version lower than the one known changes nothing.
    """

    capability: CapabilityId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackOffered:
    """Someone says what they think of the decision about a run.

    `label` is the capability that would be right, or was picked; `none_of_these` that none is.
    """

    run_id: RunId
    verdict: Verdict
    label: CapabilityId | None
    none_of_these: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackGiven:
    """Feedback with the request it is about, as it was perceived.

    `label` is the right capability: None where only the wrong one is known, and with
    `none_of_these` where there is none.
    """

    run_id: RunId
    text: str
    encoder: str
    vector: Vector
    chosen: CapabilityId | None
    label: CapabilityId | None
    none_of_these: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkJudged:
    """Feedback on a fork (`run_id`): no lesson for the router, which decided nothing there."""

    run_id: RunId
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesNoted:
    """The tuner knows that the capability has examples, and that weights of before are behind."""

    capability: CapabilityId
    version: int
    encoder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackAccepted:
    """The feedback is a lesson from now on."""

    run_id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRefused:
    """The feedback teaches nothing; `reason` is a code."""

    run_id: RunId
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequested:
    """Weights are to be learned from the lessons in this stream up to this event.

    Of feedback only from what was given up to offset `feedback_through`, unless that is None.
    """

    training_id: str
    reason: str
    feedback_through: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsTrained:
    """Weights were learned from so many lessons; `version` is the hash of their content."""

    training_id: str
    version: str
    lessons: int
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFailed:
    """Nothing could be learned; `reason` is a code."""

    training_id: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettled:
    """The training is over and its weights, if any, wait for evidence that they are better.

    Feedback given after offset `since` is what they may be judged by.
    """

    training_id: str
    candidate: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRequested:
    """Two weights are to judge the feedback given after offset `since`, up to `through`."""

    version: str
    against: str
    since: int
    through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsCompared:
    """Of `judged` lessons `better` were right by `version` alone, `worse` by `against` alone."""

    version: str
    against: str
    judged: int
    better: int
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceWeighed:
    """The tuner took the comparison in; it does not settle the matter yet."""

    version: str
    judged: int
    better: int
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsPromoted:
    """These weights are to be in force; `replaces` were until now, empty for none."""

    version: str
    replaces: str
    reason: str
    rolled_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsRejected:
    """These weights will not be in force."""

    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRequested:
    """Someone wants the weights back that were in force before."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRefused:
    """There is nothing to go back to."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsReleased:
    """Promoted weights with their content, for every partition to adopt."""

    version: str
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """Someone decides what happens to a request that the router is unsure of.

    Of capabilities whose shares lie `within` so much of the likeliest's, `weigh` says which is
    taken.
    """

    unsure: Unsure
    threshold: float
    weigh: Weigh = Weigh.NOTHING
    within: float = 0.0


TuningEvent = (
    ExamplesLearned
    | ExamplesDropped
    | ExamplesNoted
    | FeedbackOffered
    | FeedbackGiven
    | FeedbackAccepted
    | FeedbackRefused
    | ForkJudged
    | TrainingRequested
    | WeightsTrained
    | TrainingFailed
    | TrainingSettled
    | ComparisonRequested
    | WeightsCompared
    | EvidenceWeighed
    | WeightsPromoted
    | WeightsRejected
    | RollbackRequested
    | RollbackRefused
    | WeightsReleased
    | PolicySet
)

EVENTS: tuple[type, ...] = get_args(TuningEvent)
