"""`aether subscribe`: a node hears of every text that comes near to a sentence."""

import click

from cli.answers import answered
from cli.output import emit_one, formatted
from streams.events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionOffered,
    SubscriptionOpened,
    SubscriptionRefused,
)
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import SUBSCRIPTIONS, matches_of

REFUSED = 6
#: How near two short texts about the same thing are to each other, roughly.
THRESHOLD = 0.5


@click.command()
@click.argument("node")
@click.argument("sentence")
@click.option("--threshold", default=THRESHOLD, show_default=True, help="The cosine to reach.")
@click.option("--cancel", is_flag=True, help="Hear of it no more.")
@formatted
def subscribe(node: str, sentence: str, threshold: float, cancel: bool, output: str) -> int:
    """Let NODE hear of texts like SENTENCE, on the topic aether.matches.NODE."""
    offered = (
        SubscriptionCancelled(sentence=sentence)
        if cancel
        else SubscriptionOffered(sentence=sentence, threshold=threshold)
    )
    with Client(read_settings()) as client:
        answer = answered(
            client,
            SUBSCRIPTIONS,
            node,
            offered,
            (SubscriptionOpened, SubscriptionRefused),
            lambda envelope: envelope.event.sentence == sentence,
        )
    if isinstance(answer, SubscriptionRefused):
        emit_one(output, {"accepted": False, "reason": answer.reason}, answer.detail)
        return REFUSED
    topic = matches_of(node).name
    text = f"{node} hears of it no more" if cancel else f"matches arrive on {topic}"
    emit_one(output, {"accepted": True, "topic": topic, "active": not cancel}, text)
    return 0
