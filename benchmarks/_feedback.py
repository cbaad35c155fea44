"""What people say of a decision: what would have been right, or only whether it was."""

from typing import NamedTuple

from streams.events import tuning as t
from streams.events.sessions import RequestRouted
from streams.ids import CapabilityId

CHOICES = 3


class Decided(NamedTuple):
    """A request that was routed: where it belongs, and what the router said."""

    label: str
    event: RequestRouted


def corrected(one: Decided) -> t.FeedbackOffered:
    """Say what was right: picked among three, or corrected."""
    choices = [c.capability for c in one.event.candidates[:CHOICES]]
    verdict = t.Verdict.PICKED if one.label in choices else t.Verdict.WRONG
    return t.FeedbackOffered(
        run_id=one.event.run_id, verdict=verdict, label=CapabilityId(one.label), none_of_these=False
    )


def verdict_on(one: Decided) -> t.FeedbackOffered:
    """Say whether the answer was right, and no more."""
    verdict = t.Verdict.RIGHT if one.event.capability == one.label else t.Verdict.WRONG
    return t.FeedbackOffered(
        run_id=one.event.run_id, verdict=verdict, label=None, none_of_these=False
    )
