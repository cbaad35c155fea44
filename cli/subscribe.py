"""`aether subscribe`: a node hears of every text that comes near to a sentence."""

import os
import time

import click

from cli.output import emit_one, formatted
from streams.errors import BrokerAway
from streams.events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionOffered,
    SubscriptionOpened,
    SubscriptionRefused,
)
from streams.ids import EventId, minted
from streams.io.client import Client
from streams.io.settings import read_settings
from streams.topics import SUBSCRIPTIONS, matches_of

REFUSED = 6
ANSWER_S, TAKE_S = 30.0, 0.2
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
        answer = _answered(client, node, offered)
    if isinstance(answer, SubscriptionRefused):
        emit_one(output, {"accepted": False, "reason": answer.reason}, answer.detail)
        return REFUSED
    topic = matches_of(node).name
    text = f"{node} hears of it no more" if cancel else f"matches arrive on {topic}"
    emit_one(output, {"accepted": True, "topic": topic, "active": not cancel}, text)
    return 0


def _answered(
    client: Client, node: str, event: SubscriptionOffered | SubscriptionCancelled
) -> SubscriptionOpened | SubscriptionRefused:
    """Send the wish and return what came of it. Raises BrokerAway if nothing did."""
    place = SUBSCRIPTIONS.name, 0
    end = client.log.span(*place).end
    event_id = EventId(minted(int(time.time() * 1000), os.urandom(10)))
    client.send(SUBSCRIPTIONS, node, event, event_id)
    client.flush()
    follower, deadline = client.log.follow({place: end}), time.monotonic() + ANSWER_S
    try:
        while time.monotonic() < deadline:
            for record in follower.take(TAKE_S):
                kind = client.wire.codec.kind_of(record.value)
                if kind in (SubscriptionOpened, SubscriptionRefused):
                    envelope = client.wire.open(record)
                    if envelope.key == node and envelope.event.sentence == event.sentence:
                        answer: SubscriptionOpened | SubscriptionRefused = envelope.event
                        return answer
    finally:
        follower.close()
    raise BrokerAway("the wish is in the log, but no worker took it up; does one run?")
