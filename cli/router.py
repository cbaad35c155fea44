"""`aether router`: which weights decide, why, what they replaced, and how to go back."""

from datetime import datetime
from typing import Any

import click

from cli.output import emit, emit_one, formatted, say
from cli.tuning import heard, tell, told
from streams.envelope import Envelope
from streams.events import tuning as t
from streams.io.client import Client
from streams.io.settings import read_settings

REFUSED = 6
#: What decides about weights.
STEPS = (t.WeightsTrained, t.TrainingFailed, t.WeightsPromoted, t.WeightsRejected, t.PolicySet)


@click.group()
def router() -> None:
    """Show and steer how requests are routed by meaning."""


@router.command()
@formatted
def show(output: str) -> int:
    """Show the weights in force, and what happens to requests they are unsure of."""
    with Client(read_settings()) as client:
        row = standing(list(told(client, (*STEPS, t.FeedbackAccepted))))
    if not row["version"]:
        emit_one(output, row, "no weights yet: capabilities are told apart by their centroids")
        return 0
    text = (
        f"weights    {row['version']}, since {row['since']}: {row['reason']}\n"
        f"learned    {row['labels']} capabilities from {row['lessons']} lessons;"
        f" {row['feedback']} from feedback in all\n"
        f"unsure     {row['unsure']} below {row['threshold']:.0%}"
    )
    emit_one(output, row, text)
    return 0


@router.command()
@formatted
def history(output: str) -> None:
    """Show every training and every decision about its weights, the latest last."""
    with Client(read_settings()) as client:
        rows = [_step(envelope) for envelope in told(client, STEPS)]
    emit(output, rows, ["at", "what", "version", "why"])


@router.command()
@click.option("--reason", default="", help="Why, for the history.")
@formatted
def rollback(reason: str, output: str) -> int:
    """Put the weights in force that were before; decisions already made stay as they are."""
    answer = heard(
        t.RollbackRequested(reason=reason),
        (t.WeightsPromoted, t.RollbackRefused),
        lambda e: isinstance(e, t.RollbackRefused) or e.rolled_back,
    )
    if isinstance(answer, t.RollbackRefused):
        say(answer.detail, fg="red")
        return REFUSED
    text = f"{answer.version} is in force again, instead of {answer.replaces}"
    emit_one(output, {"version": answer.version, "replaces": answer.replaces}, text)
    return 0


@router.command()
@click.argument("unsure", type=click.Choice([unsure.value for unsure in t.Unsure]))
@click.option("--threshold", default=0.5, type=click.FloatRange(0, 1), help="Sure from here on.")
@click.option(
    "--weigh",
    type=click.Choice([weigh.value for weigh in t.Weigh]),
    default=t.Weigh.NOTHING.value,
    help="What decides between capabilities that are about as likely.",
)
@click.option(
    "--within", default=0.05, type=click.FloatRange(0, 1), help="So near counts as about as likely."
)
def policy(unsure: str, threshold: float, weigh: str, within: float) -> None:
    """Say what happens to requests the router is unsure of: nearest, ask back, or refuse."""
    told = t.PolicySet(
        unsure=t.Unsure(unsure), threshold=threshold, weigh=t.Weigh(weigh), within=within
    )
    with Client(read_settings()) as client:
        tell(client, told)
    say(f"requests less sure than {threshold:.0%}: {unsure}")
    if told.weigh is not t.Weigh.NOTHING:
        say(f"of capabilities within {within:.0%} of the likeliest: the one of least {weigh}")


def standing(past: list[Envelope[Any]]) -> dict[str, Any]:
    """Return what is in force after a past."""
    events = [envelope.event for envelope in past]
    promoted = [e for e in past if isinstance(e.event, t.WeightsPromoted)]
    policies = [e for e in events if isinstance(e, t.PolicySet)]
    last = promoted[-1] if promoted else None
    trained = [
        e
        for e in events
        if isinstance(e, t.WeightsTrained) and last is not None and e.version == last.event.version
    ]
    return {
        "version": last.event.version if last else "",
        "since": _time(last.recorded_at_ms) if last else "",
        "reason": last.event.reason if last else "",
        "labels": len(trained[0].weights.labels) if trained else 0,
        "lessons": trained[0].lessons if trained else 0,
        "feedback": sum(isinstance(e, t.FeedbackAccepted) for e in events),
        "unsure": policies[-1].unsure.value if policies else t.Unsure.NEAREST.value,
        "threshold": policies[-1].threshold if policies else 0.5,
        "weigh": policies[-1].weigh.value if policies else t.Weigh.NOTHING.value,
        "within": policies[-1].within if policies else 0.0,
    }


def _step(envelope: Envelope[Any]) -> dict[str, Any]:
    event = envelope.event
    match event:
        case t.WeightsTrained():
            what, version, why = "trained", event.version, f"{event.lessons} lessons"
        case t.WeightsPromoted():
            what = "rolled back to" if event.rolled_back else "promoted"
            version, why = event.version, event.reason
        case t.WeightsRejected():
            what, version, why = "rejected", event.version, event.reason
        case t.TrainingFailed():
            what, version, why = "failed", "", event.detail
        case _:
            what, version, why = "policy", "", f"{event.unsure.value} below {event.threshold:.0%}"
    return {"at": _time(envelope.recorded_at_ms), "what": what, "version": version, "why": why}


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="seconds")
