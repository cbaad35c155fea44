"""`aether feedback`: say what a run or a fork was worth; the router learns from runs."""

import click

from cli.output import emit_one, formatted
from cli.tuning import heard
from streams.errors import Misconfigured
from streams.events.tuning import (
    FeedbackAccepted,
    FeedbackOffered,
    FeedbackRefused,
    ForkJudged,
    Verdict,
)
from streams.ids import CapabilityId, RunId

REFUSED = 6
NONE = "none"


@click.command()
@click.argument("run_id")
@click.option("--right", is_flag=True, help="The request went where it belongs.")
@click.option("--wrong", is_flag=True, help="It did not.")
@click.option("--should-be", metavar="CAPABILITY", help=f"Where it belongs; `{NONE}` is nowhere.")
@click.option("--picked", metavar="CAPABILITY", help="What was picked when the router asked back.")
@formatted
def feedback(
    run_id: str, right: bool, wrong: bool, should_be: str | None, picked: str | None, output: str
) -> int:
    """Say whether RUN_ID was routed right, or where it belongs.

    RUN_ID may be a fork's: what is said of it is for `aether export`, and teaches the router
    nothing.
    """
    if [right, wrong, picked is not None].count(True) != 1 or (should_be and not wrong):
        raise Misconfigured(
            "say one of --right, --wrong and --picked; --should-be belongs to --wrong",
            fix="aether feedback RUN --wrong --should-be CAPABILITY",
        )
    verdict = Verdict.RIGHT if right else Verdict.WRONG if wrong else Verdict.PICKED
    label = picked or should_be
    offered = FeedbackOffered(
        run_id=RunId(run_id),
        verdict=verdict,
        label=CapabilityId(label) if label and label != NONE else None,
        none_of_these=label == NONE,
    )
    kinds = (FeedbackAccepted, FeedbackRefused, ForkJudged)
    answer = heard(offered, kinds, lambda e: e.run_id == run_id)
    if isinstance(answer, FeedbackRefused):
        emit_one(output, {"accepted": False, "reason": answer.reason}, answer.detail)
        return REFUSED
    fork = isinstance(answer, ForkJudged)
    told = "of a fork the router learns nothing" if fork else "the router will learn from it"
    emit_one(output, {"accepted": True, "run": run_id}, f"taken in; {told}")
    return 0
